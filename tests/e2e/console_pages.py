"""A gateway with people to look at in the console, and Chromium to look."""
import json
import pathlib
import subprocess
import uuid

from console_client import Console, add_user
from gateway import GatewayTest
from test_identity import bearer

HERE = pathlib.Path(__file__).resolve().parent
ADMIN, PASSWORD = "ada@example.com", "correct horse battery"


class PagesTest(GatewayTest):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        add_user(cls.gateway, ADMIN, "administrator", PASSWORD)
        cls.admin = Console(cls.gateway, ADMIN, PASSWORD)

    def run_all(self):
        """Stands for a test where the class itself speaks."""

    def say(self, text, user, workspace="Sales", metadata=None, **more):
        message = {"id": str(uuid.uuid4()), "author": {"role": "user"}, "metadata": metadata or {},
                   "content": {"content_type": "text", "parts": [text]}}
        self.send_prompt(text, "-H", bearer(user, workspace), messages=[message], **more)
        return message["id"]

    def start(self, scenario, **more):
        given = {"url": f"https://127.0.0.1:{self.gateway.console_port}", "ca": str(self.gateway.ca), "user": ADMIN,
                 "password": PASSWORD, **more}
        return subprocess.Popen(["node", HERE / "console.js", scenario, json.dumps(given)], cwd=HERE, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, process):
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, err[-4000:])
        return json.loads(out.splitlines()[-1])

    def see(self, scenario, **more):
        return self.finish(self.start(scenario, **more))

    def check_looks(self, pages):
        """Each page, light and dark, on a desk and a tablet.  pages: name, address, what shows that it is there."""
        self.assertEqual({k: v for k, v in self.see("look", pages=pages).items() if v}, {})
