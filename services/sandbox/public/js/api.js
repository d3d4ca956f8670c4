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

/** The newest messages to one recipient, whole. */
export async function messagesTo({ channel, to, limit }) {
  const { items } = await call(`/messages?${new URLSearchParams({ channel, to, limit: String(limit) })}`);
  return items;
}

export const getMessage = (id) => call(`/messages/${encodeURIComponent(id)}`);
export const clearMessages = () => call('/messages', { method: 'DELETE' });
export const getAddresses = () => call('/addresses');
export const listBehaviours = () => call('/behaviours');
export const removeBehaviour = (id) => call(`/behaviours/${encodeURIComponent(id)}`, { method: 'DELETE' });

function post(path, body) {
  const headers = { 'content-type': 'application/json' };
  return call(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

export const addBehaviour = (rule) => post('/behaviours', rule);

/** Who is signed in to the app whose feeds are shown here. */
export const getSignedIn = async () => (await call('/inapp/recipients')).items;
export const signIn = (recipient) => post('/inapp/recipients', { recipient });
/** @param {{ recipient: string, ids: string[], as: string }} mark */
export const markItems = (mark) => post('/inapp/marks', mark);

/** Calls back with the counts on each change, and with whether the stream is up. */
export function watch({ onChange, onState }) {
  const stream = new EventSource('/messages/stream');
  stream.addEventListener('open', () => onState(true));
  stream.addEventListener('error', () => onState(false));
  stream.addEventListener('changed', (event) => onChange(JSON.parse(event.data)));
}
