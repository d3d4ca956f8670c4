import { type Sandbox } from '@herald/sandbox';
import { type Secrets } from './data-folder';

export interface SandboxAddress {
  smtpPort: number;
  httpUrl: string;
  sendgridEvents?: { publicKey: string };
  fcm?: { serviceAccount(): string; apiBaseUrl(): string };
  apns?: Sandbox['apns'];
}

export interface DemoProvider {
  channel: 'email' | 'sms' | 'push';
  type: string;
  name: string;
  position: number;
  config: object;
}

const MAIL_FROM = 'Herald demo <demo@herald.test>';
const SMS_FROM = '+15005550006';
export const SES_USER = 'demo-ses';
export const SES_TOPIC = 'arn:aws:sns:eu-central-1:000000000000:herald-demo';
export const VONAGE_KEY = 'demo0000';

/** Several for e-mail and SMS: the later ones are there for when the first fails. */
function demoMail(secrets: Secrets, sandbox: SandboxAddress): DemoProvider[] {
  return [
    {
      channel: 'email',
      type: 'smtp',
      name: 'sandbox',
      position: 0,
      config: { host: '127.0.0.1', port: sandbox.smtpPort, security: 'none', from: MAIL_FROM },
    },
    {
      channel: 'email',
      type: 'sendgrid',
      name: 'sandbox-second',
      position: 1,
      config: {
        apiKey: secrets.sendgridKey,
        from: MAIL_FROM,
        webhookPublicKey: sandbox.sendgridEvents?.publicKey,
        apiBaseUrl: sandbox.httpUrl,
      },
    },
    {
      channel: 'email',
      type: 'ses',
      name: 'sandbox-third',
      position: 2,
      config: {
        region: 'eu-central-1',
        smtpUsername: SES_USER,
        smtpPassword: secrets.sesPassword,
        from: MAIL_FROM,
        topicArn: SES_TOPIC,
        smtpHost: '127.0.0.1',
        smtpPort: sandbox.smtpPort,
        security: 'none',
        snsBaseUrl: sandbox.httpUrl,
      },
    },
  ];
}

function demoSms(secrets: Secrets, sandbox: SandboxAddress): DemoProvider[] {
  return [
    {
      channel: 'sms',
      type: 'twilio',
      name: 'sandbox',
      position: 0,
      config: {
        accountSid: secrets.twilioSid,
        authToken: secrets.twilioToken,
        from: SMS_FROM,
        apiBaseUrl: sandbox.httpUrl,
      },
    },
    {
      channel: 'sms',
      type: 'vonage',
      name: 'sandbox-second',
      position: 1,
      config: {
        apiKey: VONAGE_KEY,
        apiSecret: secrets.vonageSecret,
        signatureSecret: secrets.vonageSignatureSecret,
        from: SMS_FROM,
        apiBaseUrl: `${sandbox.httpUrl}/vonage`,
      },
    },
  ];
}

/** Android phones by FCM, iPhones by APNs. */
function demoPush({ fcm, apns }: SandboxAddress): DemoProvider[] {
  const demo: DemoProvider[] = [];
  if (fcm) {
    const config = { serviceAccount: fcm.serviceAccount(), apiBaseUrl: fcm.apiBaseUrl() };
    demo.push({ channel: 'push', type: 'fcm', name: 'sandbox-android', position: 0, config });
  }
  if (apns) {
    const { keyId, teamId, topic, privateKey, url: apiBaseUrl } = apns;
    const config = { keyId, teamId, topic, privateKey, apiBaseUrl };
    demo.push({ channel: 'push', type: 'apns', name: 'sandbox-ios', position: 0, config });
  }
  return demo;
}

/** What the demo tenant sends by: all of it ends in the sandbox. */
export function demoProviders(secrets: Secrets, sandbox: SandboxAddress): DemoProvider[] {
  return [...demoMail(secrets, sandbox), ...demoSms(secrets, sandbox), ...demoPush(sandbox)];
}
