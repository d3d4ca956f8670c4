import { join } from 'node:path';
import { Router, static as staticFiles } from 'express';

/** What the page tells a newcomer about reaching the sandbox. */
export interface SandboxAddresses {
  httpUrl: string;
  smtp: { host: string; port: number };
  /** The first account; the sandbox's accounts open nothing but the sandbox. */
  twilio: { accountSid: string; authToken: string } | null;
  /** Missing without an account; `publicKey` is what verifies its events. */
  sendgrid?: { apiKey: string; publicKey: string };
  /** Missing without an app in which recipients are signed in. */
  inapp?: { recipients: string[] };
  /** A command that sends a first message through Herald, when whoever started the sandbox knows one. */
  firstRequest: string | null;
}

// The same from src/page and dist/page.
const PUBLIC_FOLDER = join(__dirname, '..', '..', 'public');

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Pictures of notifications, as in the frame of a mail.
  "img-src 'self' https:",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The live page and its files. `addresses` is asked on each visit: ports are known only after the start. */
export function page(addresses: () => SandboxAddresses): Router {
  const router = Router();
  router.get('/addresses', (_req, res) => {
    res.json(addresses());
  });
  router.use(
    staticFiles(PUBLIC_FOLDER, {
      cacheControl: false,
      setHeaders: (res) => {
        res.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
        res.setHeader('cache-control', 'no-cache');
      },
    }),
  );
  return router;
}
