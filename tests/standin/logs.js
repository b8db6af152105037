// Stands in for OpenAI's audit log and for the Compliance Logs Platform
// (facts/openai-admin.md §5.1, §6.3), plain HTTP on a port of 127.0.0.1.
//
//   node logs.js STATE.json     prints its port; STATE is read at each request:
//   {events: [...], files: [{id, event_type, end_time, text}], key, page,
//    habit: "after"|"before"|"none", faults: [{status, headers, body, cut}]}
//
// faults are used up one a request.  Every request is appended to STATE.log.
"use strict";
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");

const file = process.argv[2];
let used = 0;

function auditPage(state, query) {
  const low = Number(query.get("effective_at[gte]")), high = Number(query.get("effective_at[lte]"));
  const types = query.getAll("event_types[]"), tenant = query.get("tenant_only") === "true";
  if (tenant && (state.refused || []).includes(types[0])) return [400, {error: {message: "unknown type"}}];
  let list = state.events.filter((e) => e.effective_at >= low && e.effective_at <= high &&
    e.type.startsWith("tenant.") === tenant && (types.length === 0 || types.includes(e.type)));
  list.sort((a, b) => b.effective_at - a.effective_at || (a.id < b.id ? 1 : -1));
  const page = Math.min(Number(query.get("limit")), state.page || 100);
  const habit = state.habit || "after";
  let from = 0;
  if (habit !== "none" && query.get(habit)) from = list.findIndex((e) => e.id === query.get(habit)) + 1;
  const data = list.slice(from, from + page);
  return [200, {object: "list", data, first_id: data.length ? data[0].id : null,
    last_id: data.length ? data[data.length - 1].id : null, has_more: from + page < list.length}];
}

function filePage(state, query) {
  const list = state.files.filter((f) => f.event_type === query.get("event_type") &&
    Date.parse(f.end_time) >= Date.parse(query.get("after")));
  list.sort((a, b) => (a.end_time < b.end_time ? -1 : 1));
  const data = list.slice(0, Math.min(Number(query.get("limit")), state.page || 100));
  const rows = data.map((f) => ({id: f.id, event_type: f.event_type, end_time: f.end_time, file_size: Buffer.byteLength(f.text),
    file_sha256: f.sha256 || crypto.createHash("sha256").update(f.text).digest("hex")}));
  return [200, {data: rows, has_more: data.length < list.length, last_end_time: data.length ? data[data.length - 1].end_time : null}];
}

const server = http.createServer((request, answer) => {
  const state = JSON.parse(fs.readFileSync(file));
  const url = new URL(request.url, "http://x");
  fs.appendFileSync(file + ".log", JSON.stringify({url: request.url, authorization: request.headers.authorization || null}) + "\n");
  const send = (status, body, headers) => {
    answer.writeHead(status, {"content-type": "application/json", ...headers});
    answer.end(typeof body === "string" ? body : JSON.stringify(body));
  };
  const fault = (state.faults || [])[used];
  if (fault) {
    used += 1;
    if (fault.hang) return request.socket.destroy();
    if (fault.status) return send(fault.status, fault.body || {}, fault.headers);
  }
  const signed = url.pathname.match(/^\/signed\/(.*)$/);
  if (signed) return send(200, state.files.find((f) => f.id === signed[1]).text);
  if (request.headers.authorization !== `Bearer ${state.key}`) return send(401, {error: {message: "key"}});
  const one = url.pathname.match(/^\/v1\/compliance\/workspaces\/[^/]+\/logs\/(.*)$/);
  let page;
  if (url.pathname === "/v1/organization/audit_logs") page = auditPage(state, url.searchParams);
  else if (/^\/v1\/compliance\/workspaces\/[^/]+\/logs$/.test(url.pathname)) page = filePage(state, url.searchParams);
  else if (one) return send(307, "", {location: `http://127.0.0.1:${server.address().port}/signed/${one[1]}`});
  else return send(404, {});
  const text = JSON.stringify(page[1]);
  if (fault && fault.cut) return send(page[0], text.slice(0, text.length / 2));
  send(page[0], text);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
