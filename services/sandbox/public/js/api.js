/** A refused request: the problem document the sandbox answered. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
  }
}

async function call(path, options) {
  const response = await fetch(path, options);
  if (response.status === 204) return null;
  const body = await response.json();
  if (!response.ok) throw new Refused(body);
  return body;
}

/** @param {{ channel: string, q: string, limit: number }} filter */
export function listMessages({ channel, q, limit }) {
  return call(`/messages?${new URLSearchParams({ view: 'brief', channel, q, limit: String(limit) })}`);
}

export const getMessage = (id) => call(`/messages/${encodeURIComponent(id)}`);
export const clearMessages = () => call('/messages', { method: 'DELETE' });
export const getAddresses = () => call('/addresses');
export const listBehaviours = () => call('/behaviours');
export const removeBehaviour = (id) => call(`/behaviours/${encodeURIComponent(id)}`, { method: 'DELETE' });

export function addBehaviour(rule) {
  return call('/behaviours', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(rule),
  });
}

/** Calls back with the counts on each change, and with whether the stream is up. */
export function watch({ onChange, onState }) {
  const stream = new EventSource('/messages/stream');
  stream.addEventListener('open', () => onState(true));
  stream.addEventListener('error', () => onState(false));
  stream.addEventListener('changed', (event) => onChange(JSON.parse(event.data)));
}
