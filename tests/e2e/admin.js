'use strict';
// Every administrative call of the official SDK, through the proxy:
//   node admin.js PROXY_URL CA_PEM [KEY [CALL…]]
// KEY: instead of an admin key; CALL: only those of that name.  Prints a list of [call, what came] as JSON, in the order of the calls.
const fs = require('fs');
const OpenAI = require('openai-admin');
const undici = require('undici');

const [proxy, ca, key, ...only] = process.argv.slice(2);
const dispatcher = new undici.ProxyAgent({ uri: proxy, requestTls: { ca: fs.readFileSync(ca) } });
const client = new OpenAI({ apiKey: 'sk-test-not-a-key', maxRetries: 2, organization: 'org-acme',
  adminAPIKey: key || 'sk-admin-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcd',
  fetch: (url, init) => undici.fetch(url, { ...init, dispatcher }) });
const org = client.admin.organization, projects = org.projects;
const p = { project_id: 'proj_1' }, role = { role_id: 'role_1' };
const checkpoint = 'ft:gpt-4o-mini-2024-07-18:acme:sup:9xYz';
const limit = { threshold_amount: 5000, currency: 'USD', interval: 'month' };
const alert = { ...limit, notification_channel: { type: 'email', recipients: ['ops@corp.example'] } };

const calls = [
  ['admin key', () => org.adminAPIKeys.create({ name: 'ci' })],
  ['admin key off', () => org.adminAPIKeys.delete('key_1')],
  ['project key off', () => projects.apiKeys.delete('key_2', p)],
  ['certificate', () => org.certificates.create({ certificate: 'PEM', name: 'edge' })],
  ['certificate renamed', () => org.certificates.update('cert_1', { name: 'edge b' })],
  ['certificates on', () => org.certificates.activate({ certificate_ids: ['cert_1', 'cert_2'] })],
  ['certificates off', () => org.certificates.deactivate({ certificate_ids: ['cert_1'] })],
  ['project certificates on', () => projects.certificates.activate('proj_1', { certificate_ids: ['cert_1'] })],
  ['project certificates off', () => projects.certificates.deactivate('proj_1', { certificate_ids: ['cert_1'] })],
  ['certificate off', () => org.certificates.delete('cert_1')],
  ['invite', () => org.invites.create({ email: 'new@corp.example', role: 'reader' })],
  ['invite off', () => org.invites.delete('invite-1')],
  ['project', () => projects.create({ name: 'Blue' })],
  ['project renamed', () => projects.update('proj_1', { name: 'Green' })],
  ['project archived', () => projects.archive('proj_1')],
  ['project retention', () => projects.dataRetention.update('proj_1', { retention_type: 'zero_data_retention' })],
  ['project tools', () => projects.hostedToolPermissions.update('proj_1', { mcp: { enabled: false } })],
  ['project models', () => projects.modelPermissions.update('proj_1', { mode: 'allow_list', model_ids: ['gpt-5'] })],
  ['project models reset', () => projects.modelPermissions.delete('proj_1')],
  ['project limit', () => projects.spendLimit.update('proj_1', limit)],
  ['project limit off', () => projects.spendLimit.delete('proj_1')],
  ['project alert', () => projects.spendAlerts.create('proj_1', alert)],
  ['project alert changed', () => projects.spendAlerts.update('alert_1', { ...p, ...alert })],
  ['project alert off', () => projects.spendAlerts.delete('alert_1', p)],
  ['rate limit', () => projects.rateLimits.updateRateLimit('rl-gpt-5', { ...p, max_requests_per_1_minute: 9 })],
  ['service account', () => projects.serviceAccounts.create('proj_1', { name: 'bot' })],
  ['service account changed', () => projects.serviceAccounts.update('svc_acct_1', { ...p, role: 'owner' })],
  ['service account key', () => projects.serviceAccounts.apiKeys.create('svc_acct_1', { ...p, name: 'deploy', scopes: ['all'] })],
  ['service account off', () => projects.serviceAccounts.delete('svc_acct_1', p)],
  ['project user', () => projects.users.create('proj_1', { user_id: 'user-7', role: 'member' })],
  ['project user changed', () => projects.users.update('user-7', { ...p, role: 'owner' })],
  ['project user off', () => projects.users.delete('user-7', p)],
  ['user changed', () => org.users.update('user-7', { role: 'owner' })],
  ['user off', () => org.users.delete('user-7')],
  ['role of user', () => org.users.roles.create('user-7', role)],
  ['role off user', () => org.users.roles.delete('role_1', { user_id: 'user-7' })],
  ['role of group', () => org.groups.roles.create('group_1', role)],
  ['role off group', () => org.groups.roles.delete('role_1', { group_id: 'group_1' })],
  ['project role of user', () => projects.users.roles.create('user-7', { ...p, ...role })],
  ['project role off user', () => projects.users.roles.delete('role_1', { ...p, user_id: 'user-7' })],
  ['project role of group', () => projects.groups.roles.create('group_1', { ...p, ...role })],
  ['project role off group', () => projects.groups.roles.delete('role_1', { ...p, group_id: 'group_1' })],
  ['role', () => org.roles.create({ role_name: 'Auditor', permissions: ['api.read'] })],
  ['role changed', () => org.roles.update('role_1', { role_name: 'Auditors' })],
  ['role off', () => org.roles.delete('role_1')],
  ['project role', () => projects.roles.create('proj_1', { role_name: 'Auditor', permissions: ['api.read'] })],
  ['project role changed', () => projects.roles.update('role_1', { ...p, role_name: 'Auditors' })],
  ['project role off', () => projects.roles.delete('role_1', p)],
  ['group', () => org.groups.create({ name: 'Ops' })],
  ['group changed', () => org.groups.update('group_1', { name: 'Ops2' })],
  ['group member', () => org.groups.users.create('group_1', { user_id: 'user-7' })],
  ['group member off', () => org.groups.users.delete('user-7', { group_id: 'group_1' })],
  ['group off', () => org.groups.delete('group_1')],
  ['project group', () => projects.groups.create('proj_1', { group_id: 'group_1', role: 'member' })],
  ['project group off', () => projects.groups.delete('group_1', p)],
  ['retention', () => org.dataRetention.update({ retention_type: 'zero_data_retention' })],
  ['limit', () => org.spendLimit.update(limit)],
  ['limit off', () => org.spendLimit.delete()],
  ['alert', () => org.spendAlerts.create(alert)],
  ['alert changed', () => org.spendAlerts.update('alert_1', alert)],
  ['alert off', () => org.spendAlerts.delete('alert_1')],
  ['checkpoint', () => client.fineTuning.checkpoints.permissions.create(checkpoint, { project_ids: ['proj_A', 'proj_B'] })],
  ['checkpoint off', () => client.fineTuning.checkpoints.permissions.delete('cp_1', { fine_tuned_model_checkpoint: checkpoint })],
  // Beside the 63: what fails, what is tried again by the SDK, what a policy stops.
  ['refused', () => projects.create({ name: 'fail-403' })],
  ['tried again', () => projects.create({ name: 'retry' })],
  ['owner', () => projects.users.create('proj_1', { email: 'eve@corp.example', role: 'owner' })],
];

(async () => {
  const out = [];
  for (const [name, call] of calls.filter(([name]) => !only.length || only.includes(name))) {
    try {
      const got = await call();
      out.push([name, got && got.data ? got.data : got]);
    } catch (error) {
      out.push([name, { status: error.status, message: error.message, code: error.code, type: error.type,
        kind: error.constructor.name }]);
    }
  }
  console.log(JSON.stringify(out));
  await dispatcher.close();
})().catch(error => { console.error(error); process.exit(1); });
