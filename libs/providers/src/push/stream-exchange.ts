import { type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import { type Exchange, type ExchangeRequest } from '../http/exchange';

/** The error codes of RFC 9113, section 7, in their order. */
const H2_ERRORS = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

/** The code of a request that the other side left alone because it closes the connection: another one will take it. */
export const NOT_TAKEN_BY_GOAWAY = 'H2_GOAWAY';

/** Node's words for an error that the stream's own code tells better. */
const VAGUE = new Set(['ERR_HTTP2_STREAM_ERROR', 'ERR_HTTP2_SESSION_ERROR']);

/** What becomes of one request on a stream. It is known as soon as there is a status, however its body ends. */
export class StreamExchange {
  readonly outcome: Promise<Exchange>;
  private answer: { status: number; headers: IncomingHttpHeaders } | undefined;
  private readonly chunks: Buffer[] = [];
  private bytes = 0;
  private failure: string | undefined;

  constructor(
    private readonly stream: ClientHttp2Stream,
    private readonly request: Pick<ExchangeRequest, 'signal' | 'timeoutMs' | 'maxBodyBytes'>,
    /** The last stream that the other side looked at, by what it said when it began to close the connection. */
    private readonly lastProcessed: () => number,
  ) {
    const { signal, timeoutMs } = request;
    this.outcome = new Promise<void>((settle) => {
      const giveUp = (code: string) => {
        this.failure = code;
        settle();
        stream.close(constants.NGHTTP2_CANCEL);
      };
      const onAbort = () => giveUp('ABORTED');
      signal.addEventListener('abort', onAbort, { once: true });
      stream.setTimeout(timeoutMs, () => giveUp('ETIMEDOUT'));
      stream.on('response', (headers) => {
        this.answer = { status: Number(headers[constants.HTTP2_HEADER_STATUS]), headers };
      });
      stream.on('data', (chunk: Buffer) => {
        if (!this.keep(chunk)) giveUp('TOO_LARGE');
      });
      stream.on('end', () => this.answer && settle());
      stream.on('error', (error: NodeJS.ErrnoException) => {
        if (!VAGUE.has(error.code ?? '')) this.failure ??= error.code;
      });
      stream.once('close', () => {
        signal.removeEventListener('abort', onAbort);
        settle();
      });
    }).then(() => this.read());
  }

  private keep(chunk: Buffer): boolean {
    const { maxBodyBytes } = this.request;
    this.chunks.push(chunk.subarray(0, maxBodyBytes - this.bytes));
    this.bytes += chunk.length;
    return this.bytes <= maxBodyBytes;
  }

  private read(): Exchange {
    const { answer, stream } = this;
    if (answer) return { kind: 'answered', ...answer, body: Buffer.concat(this.chunks).toString('utf8') };
    // A stream without a number was never opened.
    const left = stream.id === undefined || stream.id > this.lastProcessed();
    const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
    return { kind: 'failed', sent: !left && !refused, code: this.codeOf(left && refused) };
  }

  private codeOf(byGoaway: boolean): string {
    if (this.failure !== undefined) return this.failure;
    if (byGoaway) return NOT_TAKEN_BY_GOAWAY;
    const { rstCode = 0, session } = this.stream;
    // A stream is canceled when its connection ends under it.
    const lost = rstCode === constants.NGHTTP2_CANCEL && (session === undefined || session.destroyed);
    return lost ? 'ECONNRESET' : `H2_${H2_ERRORS[rstCode] ?? 'UNKNOWN_ERROR'}`;
  }
}
