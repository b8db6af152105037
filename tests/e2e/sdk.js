'use strict';
// The official SDK through the proxy: chat completions and responses, streamed
// and not, then a blocked prompt.   node sdk.js PROXY_URL CA_PEM
const fs = require('fs');
const OpenAI = require('openai');
const undici = require('undici');

const [proxy, ca] = process.argv.slice(2);
const dispatcher = new undici.ProxyAgent({ uri: proxy,
  requestTls: { ca: fs.readFileSync(ca) } });
const client = new OpenAI({ apiKey: 'sk-test-not-a-key', maxRetries: 0,
  fetch: (url, init) => undici.fetch(url, { ...init, dispatcher }) });

(async () => {
  const out = {};
  const messages = [{ role: 'user', content: 'Say hello' }];
  const plain = await client.chat.completions.create({ model: 'gpt-5', messages });
  out.plain = plain.choices[0].message.content;
  out.streamed = '';
  for await (const part of await client.chat.completions.create({ model: 'gpt-5', messages, stream: true }))
    out.streamed += part.choices[0]?.delta?.content ?? '';
  const response = await client.responses.create({ model: 'gpt-5', input: 'Say hello' });
  out.response = response.output_text;
  out.events = '';
  for await (const event of await client.responses.create({ model: 'gpt-5', input: 'Say hello', stream: true }))
    if (event.type === 'response.output_text.delta') out.events += event.delta;
  try {
    await client.chat.completions.create({ model: 'gpt-5',
      messages: [{ role: 'user', content: 'my card: 5555 5555 5555 4444' }] });
  } catch (error) {
    out.blocked = { status: error.status, message: error.message, type: error.constructor.name };
  }
  console.log(JSON.stringify(out));
  await dispatcher.close();
})().catch(error => { console.error(error); process.exit(1); });
