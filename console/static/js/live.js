// Activities as they are completed (GET /api/v1/stream).  The browser connects
// again by itself after a break and says where it was.
import { address } from './api.js';

/** parameters: of the filter; onState(words): how the connection does. */
export function follow(parameters, onActivity, onState) {
  const source = new EventSource(address('stream', parameters));
  source.addEventListener('open', () => onState('live'));
  source.addEventListener('activity', event => onActivity(JSON.parse(event.data)));
  source.addEventListener('error', () =>
    onState(source.readyState === EventSource.CLOSED ? 'ended' : 'connecting'));
  return () => source.close();
}
