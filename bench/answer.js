'use strict';
// The bench's answer: 64 KiB of SSE in ChatGPT's delta encoding, with a mark
// where the origin puts a fresh message id.
const { deltaV1 } = require('../tests/standin/shapes.js');

const mark = '@@@@@@@@-@@@@-@@@@-@@@@-@@@@@@@@@@@@';
const sentence = 'The compressor raises the pressure and with it the ' +
  'temperature of the vapour. ';
process.stdout.write(deltaV1(sentence.repeat(142), { answer: mark,
  user: '11111111-0000-4000-8000-000000000001', model: 'auto',
  conversation: '22222222-0000-4000-8000-000000000002' }).join(''));
