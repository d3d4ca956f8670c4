import { randomBytes, randomUUID } from 'node:crypto';
import type { Behaviours } from '../behaviours/behaviours';
import type { DirectRoute } from '../http/http-app';
import type { EmailContent } from '../smtp/parsed-email';
import type { SmtpAccount, TakenMail } from '../smtp/smtp-listener';
import type { CallbackSender } from '../twilio/callback-sender';
import { planNotifications } from './plan-notifications';
import { snsApi } from './sns-api';
import { snsSigner } from './sns-signer';
import { SNS_PATH, SnsTopic } from './sns-topic';

export interface SesAccount {
  /** Of the SMTP credentials: who logs in with them is a customer of SES. */
  smtpUsername: string;
  smtpPassword: string;
  /** The topic that notifications come through. */
  topicArn: string;
  /** Where they are posted, after it has confirmed; nowhere until somebody subscribes without it. */
  endpoint?: string;
}

export interface Ses {
  door: DirectRoute;
  smtp: SmtpAccount;
  topic: SnsTopic;
}

export interface SesParts {
  behaviours: Behaviours;
  callbacks: CallbackSender;
  baseUrl(): string;
}

/** What a rule names to mean this door. */
const DOOR = 'ses';

/** What an identity tells without event publishing. */
const OF_IDENTITIES = new Set(['Bounce', 'Complaint', 'Delivery']);

/** What the sandbox does of SES and of SNS, for one account. */
export async function openSes(account: SesAccount, parts: SesParts): Promise<Ses> {
  const { behaviours, callbacks, baseUrl } = parts;
  const signer = await snsSigner(Date.now());
  const topic = new SnsTopic({ topicArn: account.topicArn, signer, callbacks, baseUrl });
  return {
    door: { takes: (url) => url.startsWith(SNS_PATH), handle: snsApi(topic, signer) },
    topic,
    smtp: {
      username: account.smtpUsername,
      password: account.smtpPassword,
      provider: DOOR,
      accept: (mail) => {
        const messageId = sesMessageId();
        for (const recipient of mail.to) announce(mail, recipient, messageId, topic, behaviours);
        return `Ok ${messageId}`;
      },
    },
  };
}

/** `0107018f5b3b8a1c-0b2c5f0e-0f3f-4d3b-9d8c-1a2b3c4d5e6f-000000`, as SES makes them. */
function sesMessageId(): string {
  return `${randomBytes(8).toString('hex')}-${randomUUID()}-000000`;
}

function announce(
  mail: TakenMail,
  recipient: string,
  messageId: string,
  topic: SnsTopic,
  behaviours: Behaviours,
): void {
  const plan = planNotifications(recipient, behaviours.eventsOf(recipient, DOOR));
  const snsIds = new Map(plan.map(({ key }) => [key, randomUUID()]));
  const acceptedAt = new Date().toISOString();
  void mail.email.content().then((content) => {
    const set = textOf(content, 'x-ses-configuration-set');
    for (const { atMs, key, kind, details } of plan) {
      if (set === undefined && !OF_IDENTITIES.has(kind)) continue;
      const message = () => ({
        [set === undefined ? 'notificationType' : 'eventType']: kind,
        mail: {
          timestamp: acceptedAt,
          messageId,
          source: mail.from,
          destination: mail.to,
          ...originalOf(content),
          ...(set !== undefined && { tags: { 'ses:configuration-set': [set], ...tagsOf(content) } }),
        },
        [kind.charAt(0).toLowerCase() + kind.slice(1)]: {
          timestamp: new Date().toISOString(),
          ...(OF_IDENTITIES.has(kind) && kind !== 'Delivery' && { feedbackId: `${messageId}-${kind}` }),
          ...details,
        },
      });
      topic.publish(atMs, message, snsIds.get(key) ?? randomUUID());
    }
  });
}

function originalOf({ headers, subject }: EmailContent): object {
  const listed = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => ({ name, value })),
  );
  return { headersTruncated: false, headers: listed, commonHeaders: { subject } };
}

/** `a=b, c=d` as SES shows them: each name with a list. */
function tagsOf(content: EmailContent): Record<string, string[]> {
  const pairs = (textOf(content, 'x-ses-message-tags') ?? '')
    .split(',')
    .map((pair) => pair.trim().split('='));
  return Object.fromEntries(pairs.flatMap(([name, value]) => (name && value ? [[name, [value]]] : [])));
}

function textOf({ headers }: EmailContent, name: string): string | undefined {
  return [headers[name] ?? []].flat()[0];
}
