'use strict';
// Chromium as an administrator sets it up: the proxy by PAC file, the CA in the
// user's NSS database, a home of its own.
const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'pg-chromium-'));

function trust(ca) {
  const db = path.join(home, '.pki/nssdb');
  fs.mkdirSync(db, { recursive: true });
  const certutil = (...args) => execFileSync('certutil', ['-d', 'sql:' + db, ...args]);
  certutil('-N', '--empty-password');
  for (const [i, file] of [].concat(ca).entries()) // one, or several
    certutil('-A', '-t', 'C,,', '-n', `promptgate-${i}`, '-i', file);
}

function start(chromium, ca, args) {
  trust(ca);
  return chromium.launch({ executablePath: '/usr/bin/chromium', env: { ...process.env, HOME: home },
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking',
      '--disable-component-update', '--no-first-run', ...args] });
}

const launch = (chromium, ca, pac) => start(chromium, ca, ['--proxy-pac-url=' + pac]);

// Without a proxy, hosts where the rules say.
const launchDirect = (chromium, ca, rules) => start(chromium, ca, ['--no-proxy-server', '--host-resolver-rules=' + rules]);

function removeHome() {
  fs.rmSync(home, { recursive: true, force: true });
}

module.exports = { launch, launchDirect, removeHome };
