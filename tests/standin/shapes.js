'use strict';
// Answers in the shapes of the wire facts (chatgpt-wire §4.2, §4.3, §9.1,
// §9.2), each as a list of whole SSE events.
const { randomUUID: uuid } = require('crypto');

const words = text => text.match(/\s*\S+/gu) || [];
const data = value => `data: ${JSON.stringify(value)}\n\n`;
const delta = value => `event: delta\n${data(value)}`;

function legacy(text, ids) {
  const event = (part, done) => data({ message: { id: ids.answer,
    author: { role: 'assistant', name: null, metadata: {} },
    create_time: 1790000000.1, update_time: null,
    content: { content_type: 'text', parts: [part] },
    status: done ? 'finished_successfully' : 'in_progress',
    end_turn: done || null, weight: 1.0,
    metadata: { model_slug: ids.model, parent_id: ids.user },
    recipient: 'all' }, conversation_id: ids.conversation, error: null });
  const out = [];
  let soFar = '';
  for (const word of words(text)) out.push(event(soFar += word, false));
  out.push(event(text, true), 'data: [DONE]\n\n');
  return out;
}

function deltaV1(text, ids) {
  const message = (id, role, metadata, weight) => ({ id,
    author: { role, name: null, metadata: {} }, create_time: 1790000000.5,
    content: { content_type: 'text', parts: [''] }, status: 'in_progress',
    weight, metadata, recipient: 'all',
    channel: role === 'assistant' ? 'final' : null });
  const place = { conversation_id: ids.conversation };
  const out = ['event: delta_encoding\ndata: "v1"\n\n',
    delta({ p: '', o: 'add', v: { message: message(uuid(), 'system',
      { is_visually_hidden_from_conversation: true }, 0.0), ...place }, c: 0 }),
    delta({ v: { message: message(ids.answer, 'assistant',
      { parent_id: ids.user, model_slug: ids.model }, 1.0), ...place }, c: 1 }),
    data({ type: 'message_marker', ...place, message_id: ids.answer,
      marker: 'user_visible_token', event: 'first' })];
  words(text).forEach((word, i) => out.push(delta(i === 0
    ? { p: '/message/content/parts/0', o: 'append', v: word } : { v: word })));
  out.push(delta({ p: '', o: 'patch', v: [
    { p: '/message/status', o: 'replace', v: 'finished_successfully' },
    { p: '/message/metadata', o: 'append', v: { is_complete: true } }] }),
  data({ type: 'message_stream_complete', ...place }), 'data: [DONE]\n\n');
  return out;
}

function chatChunks(text, id, model) {
  const event = (d, finish) => data({ id, object: 'chat.completion.chunk',
    created: 1790000000, model,
    choices: [{ index: 0, delta: d, finish_reason: finish }] });
  return [event({ role: 'assistant', content: '' }, null),
    ...words(text).map(word => event({ content: word }, null)),
    event({}, 'stop'), 'data: [DONE]\n\n'];
}

function chatCompletion(text, id, model) {
  return { id, object: 'chat.completion', created: 1790000000, model,
    choices: [{ index: 0, finish_reason: 'stop',
      message: { role: 'assistant', content: text, refusal: null } }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } };
}

function response(text, id, item, model) {
  return { id, object: 'response', created_at: 1790000000, status: 'completed',
    model, output: [{ type: 'message', id: item, status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text, annotations: [] }] }],
    parallel_tool_calls: true, tool_choice: 'auto', tools: [] };
}

function responseEvents(text, whole) {
  const [message] = whole.output;
  const at = { item_id: message.id, output_index: 0, content_index: 0 };
  let sequence = 0;
  const event = (type, fields) => `event: ${type}\n` +
    data({ type, sequence_number: sequence++, ...fields });
  return [
    event('response.created', { response: { ...whole, output: [],
      status: 'in_progress' } }),
    event('response.output_item.added', { output_index: 0,
      item: { ...message, status: 'in_progress', content: [] } }),
    event('response.content_part.added', { ...at,
      part: { type: 'output_text', text: '', annotations: [] } }),
    ...words(text).map(word =>
      event('response.output_text.delta', { ...at, delta: word })),
    event('response.output_text.done', { ...at, text }),
    event('response.output_item.done', { output_index: 0, item: message }),
    event('response.completed', { response: whole })];
}

module.exports = { legacy, deltaV1, chatChunks, chatCompletion, response,
  responseEvents };
