import { randomUUID } from 'node:crypto';
import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Decision } from '../behaviours/behaviour';
import type { Behaviours } from '../behaviours/behaviours';
import type { SandboxLogger } from '../logger';
import { apsDetails } from '../push/aps-details';
import { PushNotification } from '../push/push-notification';
import type { MessageStore } from '../store/message-store';
import type { ApnsAccount, ApnsKey } from './apns-key';
import { APNS_REASONS, type ApnsReason, reasonOf } from './apns-reasons';
import { checkProviderToken } from './check-provider-token';
import { type ApnsRequest, readRequest } from './read-request';

export interface ApnsServerOptions {
  account: ApnsAccount;
  key: ApnsKey;
  store: MessageStore;
  behaviours: Behaviours;
  logger: SandboxLogger;
}

/** What a rule names to mean this door and not that of FCM. */
const DOOR = 'apns';
/** A device whose token begins so (it is hexadecimal) has removed the app. */
const DEAD = 'dead';
/** More is not read: the payload may have 4,096 bytes. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_STREAMS = 1000;

/** Apple's push service over HTTP/2 in clear text, with prior knowledge. */
export class ApnsServer {
  private readonly sessions = new Set<ServerHttp2Session>();
  private readonly server: Http2Server;

  constructor(private readonly options: ApnsServerOptions) {
    this.server = createServer({ settings: { maxConcurrentStreams: MAX_STREAMS } });
    this.server.on('session', (session) => {
      this.sessions.add(session);
      session.on('error', () => undefined);
      session.on('close', () => this.sessions.delete(session));
    });
    this.server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      this.answer(stream, headers).catch((error: unknown) => {
        options.logger.error({ err: error }, 'the sandbox could not answer a request');
        stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      });
    });
  }

  /** Starts listening; gives the port. */
  start(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => resolve((this.server.address() as AddressInfo).port));
    });
  }

  /** Tells every client to connect anew, as Apple does now and then. */
  goAway(): void {
    for (const session of this.sessions) session.close();
  }

  async stop(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const { account, key, behaviours } = this.options;
    const body = await readBody(stream);
    const apnsId = String(headers['apns-id'] ?? randomUUID());
    const refused = await checkProviderToken(headers.authorization, {
      publicKey: key.publicKey,
      keyId: account.keyId,
      teamId: account.teamId,
      nowMs: Date.now(),
    });
    if (refused) return refuse(stream, apnsId, refused);
    const read = readRequest(headers, body, account.topic);
    if (!read.ok) return refuse(stream, apnsId, read.reason);
    await this.decide(stream, apnsId, read.request, behaviours.decide('push', [read.request.token], DOOR));
  }

  private async decide(
    stream: ServerHttp2Stream,
    apnsId: string,
    request: ApnsRequest,
    decision: Decision,
  ): Promise<void> {
    switch (decision.type) {
      case 'accept':
        return this.take(stream, apnsId, request);
      case 'delay':
        await sleep(decision.ms, undefined, { ref: false });
        return this.take(stream, apnsId, request);
      case 'fail':
        return fail(stream, apnsId, decision.code, decision.retryAfterSeconds);
      case 'throttled':
        return fail(stream, apnsId, 429, decision.retryAfterSeconds);
      case 'hang':
        if (decision.at === 'after-data') this.keep(apnsId, request);
        return;
      case 'drop':
        if (decision.at === 'after-data') this.keep(apnsId, request);
        stream.session?.destroy();
        return;
      case 'garbage':
        stream.respond({ ':status': 200, 'content-type': 'text/html' });
        stream.end('<html><body><h1>Welcome to the captive portal</h1></body></html>');
    }
  }

  private take(stream: ServerHttp2Stream, apnsId: string, request: ApnsRequest): void {
    if (request.token.toLowerCase().startsWith(DEAD)) {
      refuse(stream, apnsId, 'Unregistered', { timestamp: Date.now() });
      return;
    }
    this.keep(apnsId, request);
    if (!stream.destroyed) accept(stream, apnsId);
  }

  private keep(apnsId: string, { token, headers, payload }: ApnsRequest): void {
    const details = apsDetails({ payload, headers, nowMs: Date.now() });
    const from = this.options.account.topic;
    this.options.store.add(
      new PushNotification({ ...details, provider: 'apns', to: token, from, messageId: apnsId, payload }),
    );
  }
}

function accept(stream: ServerHttp2Stream, apnsId: string): void {
  stream.respond({ ':status': 200, 'apns-id': apnsId, 'apns-unique-id': randomUUID() }, { endStream: true });
}

async function readBody(stream: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refuse(stream: ServerHttp2Stream, apnsId: string, reason: ApnsReason, more: object = {}): void {
  respond(stream, { ':status': APNS_REASONS[reason], 'apns-id': apnsId }, { reason, ...more });
}

/** As a rule wants it: with the reason that goes with the status, where there is one. */
function fail(stream: ServerHttp2Stream, apnsId: string, status: number, retryAfterSeconds?: number): void {
  const reason = reasonOf(status);
  const headers = {
    ':status': status,
    'apns-id': apnsId,
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  };
  respond(stream, headers, {
    ...(reason && { reason }),
    ...(reason === 'Unregistered' && { timestamp: Date.now() }),
  });
}

function respond(stream: ServerHttp2Stream, headers: Record<string, string | number>, body: object): void {
  if (stream.destroyed) return;
  stream.respond({ ...headers, 'content-type': 'application/json' });
  stream.end(JSON.stringify(body));
}
