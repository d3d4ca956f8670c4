import { randomBytes } from 'node:crypto';
import { type HttpReceiver, startHttpReceiver, until } from '@herald/testing';
import { sendOne, unique, untilState, webhook } from './harness/notifications';
import { type CollectedSpan, type OtlpCollector, startOtlpCollector } from './harness/otlp-collector';
import { type Cluster, startCluster } from './harness/start-cluster';

jest.setTimeout(120_000);

const SECRET = 'Bearer of a secret, with a comma';
const own = { cluster: {} as Cluster, collector: {} as OtlpCollector, receiver: {} as HttpReceiver };

beforeAll(async () => {
  own.collector = await startOtlpCollector();
  own.receiver = await startHttpReceiver();
  own.cluster = await startCluster({
    services: ['ingest-api', 'worker-webhook', 'scheduler'],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: own.collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${encodeURIComponent(SECRET)}`,
      OTEL_TRACES_SAMPLER_ARG: '1',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      LOG_LEVEL: 'info',
      RETRY_BASE_MS: '100',
      RETRY_CAP_MS: '200',
    },
  });
}, 120_000);
afterEach(() => own.receiver.answerWith({}));
afterAll(async () => {
  await own.cluster.remove();
  await own.receiver.close();
  await own.collector.receiver.close().catch(() => undefined);
  expect(own.cluster.services.flatMap((service) => service.errors())).toEqual([]);
});

const newTrace = () => ({ traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') });
const newUrl = () => `${own.receiver.url}/${unique('traced')}`;
const requestsTo = (url: string) => own.receiver.requests.filter((r) => own.receiver.url + r.url === url);

/** Posts under a trace; gives it and what the endpoint got. */
async function sendTraced(flags: '00' | '01') {
  const trace = newTrace();
  const url = newUrl();
  const headers = { traceparent: `00-${trace.traceId}-${trace.spanId}-${flags}` };
  const { status, body } = await own.cluster
    .api()
    .post<{ deliveries: { id: string }[] }>('/v1/notifications', webhook(url), { headers });
  expect(status).toBe(202);
  const deliveryId = body.deliveries[0]!.id;
  await untilState(own.cluster.api(), deliveryId, 'sent');
  return { trace, url, deliveryId };
}

function named(spans: readonly CollectedSpan[], name: string): CollectedSpan[] {
  return spans.filter((span) => span.name === name);
}

async function untilSpans(traceId: string, name: string, count: number): Promise<CollectedSpan[]> {
  await until(() => named(own.collector.spansOf(traceId), name).length >= count, {
    timeoutMs: 30_000,
    what: `${count} spans named ${name}`,
  }).catch((error: Error) => {
    const names = own.collector.spansOf(traceId).map((span) => span.name);
    throw new Error(`${error.message} There are ${names.join(', ')}.`);
  });
  return own.collector.spansOf(traceId);
}

it('a request, its job, the claim and the call are one trace, which the caller began and the receiver continues', async () => {
  const { trace, url, deliveryId } = await sendTraced('01');
  const spans = await untilSpans(trace.traceId, 'process webhook-default', 1);
  await untilSpans(trace.traceId, 'POST /v1/notifications', 1);
  const one = (name: string) => {
    const found = named(own.collector.spansOf(trace.traceId), name);
    expect([name, found.length]).toEqual([name, 1]);
    return found[0]!;
  };
  const server = one('POST /v1/notifications');
  expect(server).toMatchObject({
    service: 'ingest-api',
    kind: 2,
    parentSpanId: trace.spanId,
    attributes: { 'http.request.method': 'POST', 'http.response.status_code': 202 },
  });
  const process = one('process webhook-default');
  const claim = one('receive webhook-default');
  const call = one('call standard-webhook');
  expect(one('accept')).toMatchObject({ kind: 1, parentSpanId: server.spanId });
  expect(one('send webhook-default')).toMatchObject({ kind: 4, parentSpanId: server.spanId });
  expect(claim.links).toMatchObject([{ traceId: trace.traceId, spanId: server.spanId }]);
  expect(process).toMatchObject({
    service: 'worker-webhook',
    kind: 5,
    parentSpanId: server.spanId,
    links: [{ traceId: trace.traceId, spanId: claim.spanId }],
    attributes: { 'messaging.system': 'bullmq', 'messaging.message.id': deliveryId, 'herald.state': 'sent' },
  });
  expect(call).toMatchObject({ kind: 3, parentSpanId: process.spanId, status: 0 });
  const [request] = requestsTo(url);
  expect(request!.headers.traceparent).toBe(`00-${trace.traceId}-${call.spanId}-01`);
  // Where a message goes is nobody's business who reads traces.
  expect(JSON.stringify(spans)).not.toContain(url);
  expect(own.collector.receiver.requests[0]!.headers.authorization).toBe(SECRET);
  const logged = own.cluster
    .service('ingest-api')
    .child.output()
    .split('\n')
    .find((line) => line.includes(trace.traceId));
  expect(JSON.parse(logged!)).toMatchObject({ msg: 'request', traceId: trace.traceId });
});

it('each attempt is in the trace, the one that failed with its reason', async () => {
  let calls = 0;
  own.receiver.answerWith(() => {
    calls += 1;
    return { status: calls === 1 ? 503 : 200 };
  });
  const { trace } = await sendTraced('01');
  const spans = await untilSpans(trace.traceId, 'process webhook-default', 2);
  const attempts = named(spans, 'process webhook-default')
    .map(({ spanId, attributes }) => ({ spanId, attempt: Number(attributes['herald.attempt']) }))
    .sort((a, b) => a.attempt - b.attempt);
  expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2]);
  const called = named(spans, 'call standard-webhook');
  const callOf = (n: number) => called.find(({ parentSpanId }) => parentSpanId === attempts[n]!.spanId);
  expect(callOf(0)).toMatchObject({ status: 2, attributes: { 'error.type': 'provider_unavailable' } });
  expect(callOf(1)).toMatchObject({ status: 0, attributes: { 'herald.outcome': 'accepted' } });
});

it('what the caller does not trace is not traced, and passed on as it came', async () => {
  const quiet = await sendTraced('00');
  const [request] = requestsTo(quiet.url);
  expect(request!.headers.traceparent).toBe(`00-${quiet.trace.traceId}-${quiet.trace.spanId}-00`);
  const loud = await sendTraced('01');
  await untilSpans(loud.trace.traceId, 'process webhook-default', 1);
  expect(own.collector.spansOf(quiet.trace.traceId)).toEqual([]);
});

it('a collector that is away keeps nothing from being delivered', async () => {
  await own.collector.receiver.close();
  for (let n = 0; n < 20; n += 1) {
    const url = newUrl();
    const { deliveryId } = await sendOne(own.cluster.api(), webhook(url));
    await untilState(own.cluster.api(), deliveryId, 'sent');
  }
  for (const name of ['ingest-api', 'worker-webhook'])
    expect((await own.cluster.service(name).client.get('/readyz')).status).toBe(200);
});
