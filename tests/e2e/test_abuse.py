"""D1–D6: each attack of abuse.py once, beside a client that must not notice but
for the time it takes; figures: `make chaos`."""
import unittest

from abuse import ATTACKS, Attacked
from test_peers import Neighbour


class Abuse(Attacked):
    def test_d1_d2_d3_d4_d6_a_good_client_is_served_throughout(self):
        workers = set(self.gateway.roles("worker"))
        neighbour = Neighbour(self)
        neighbour.start()
        try:
            for name, attack in ATTACKS.items():
                with self.subTest(name):
                    attack(self)
                    self.assertTrue(neighbour.is_alive(), "the good client was cut")
                    self.assertTrue(self.well())
        finally:
            neighbour.ending.set()
            neighbour.join(20)
            neighbour.sock.close()
        self.assertGreater(len(neighbour.times), 20)
        self.assertEqual(set(self.gateway.roles("worker")), workers)


if __name__ == "__main__":
    unittest.main()
