import { createOpsHandler, runService } from '@herald/platform';
import { SandboxConfig } from './config';
import { startSandbox } from './index';

void runService({
  name: 'sandbox',
  configClass: SandboxConfig,
  env: process.env,
  start: ({ config, logger, health, metrics }) =>
    startSandbox({
      host: config.host,
      httpPort: config.httpPort,
      smtpPort: config.smtpPort,
      startTls: config.startTls,
      twilio: { accounts: [{ sid: config.twilioAccountSid, authToken: config.twilioAuthToken }] },
      sendgrid: { apiKey: config.sendgridApiKey, signingKey: config.sendgridSigningKey },
      ses: {
        smtpUsername: config.sesSmtpUsername,
        smtpPassword: config.sesSmtpPassword,
        topicArn: config.sesTopicArn,
        endpoint: config.sesEndpoint,
      },
      fcm: {
        projectId: config.fcmProjectId,
        clientEmail: config.fcmClientEmail,
        privateKey: config.fcmPrivateKey,
      },
      apns: {
        port: config.apnsPort,
        keyId: config.apnsKeyId,
        teamId: config.apnsTeamId,
        topic: config.apnsTopic,
        privateKey: config.apnsPrivateKey,
      },
      vonage: {
        accounts: [
          {
            apiKey: config.vonageApiKey,
            apiSecret: config.vonageApiSecret,
            signatureSecret: config.vonageSignatureSecret,
          },
        ],
      },
      webpush: { seed: config.webpushSeed, vapidPublicKey: () => config.webpushVapidPublicKey },
      webhookSecrets: () => config.webhookSecrets,
      maxMessages: config.maxMessages,
      ledgerFile: config.ledgerFile,
      ops: createOpsHandler({ health, metrics }),
      logger,
    }),
});
