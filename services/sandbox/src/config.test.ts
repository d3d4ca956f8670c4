import { ConfigError, configWarnings, loadConfig } from '@herald/platform';
import { SandboxConfig } from './config';

const errorsOf = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(SandboxConfig, env);
    return [];
  } catch (error) {
    return (error as ConfigError).errors;
  }
};

describe('SandboxConfig', () => {
  it('needs nothing', () => {
    const config = loadConfig(SandboxConfig, {});
    expect(config).toMatchObject({ host: '127.0.0.1', httpPort: 8025, smtpPort: 2525, webhookSecrets: [] });
    expect(configWarnings(config)).toEqual([]);
  });

  it('reads what is given', () => {
    const secrets = [24, 32].map((bytes) => `whsec_${Buffer.alloc(bytes, 1).toString('base64')}`);
    const config = loadConfig(SandboxConfig, {
      HERALD_SANDBOX_HTTP_PORT: '0',
      HERALD_SANDBOX_WEBHOOK_SECRETS: secrets.join(','),
      HERALD_SANDBOX_TWILIO_ACCOUNT_SID: `AC${'0a'.repeat(16)}`,
    });
    expect(config).toMatchObject({ httpPort: 0, webhookSecrets: secrets });
  });

  it.each([
    ['HERALD_SANDBOX_HTTP_PORT', '65536'],
    ['HERALD_SANDBOX_SMTP_PORT', 'smtp'],
    ['HERALD_SANDBOX_TWILIO_ACCOUNT_SID', 'AC12'],
    ['HERALD_SANDBOX_VONAGE_API_KEY', 'a b'],
    ['HERALD_SANDBOX_SES_SMTP_USERNAME', 'a b'],
    ['HERALD_SANDBOX_SES_TOPIC_ARN', 'topic'],
    ['HERALD_SANDBOX_SES_ENDPOINT', 'edge'],
    ['HERALD_SANDBOX_FCM_PROJECT_ID', 'A b'],
    ['HERALD_SANDBOX_FCM_CLIENT_EMAIL', 'herald'],
    ['HERALD_SANDBOX_FCM_PRIVATE_KEY', 'aGVyYWxk'],
    ['HERALD_SANDBOX_WEBPUSH_SEED', 'short'],
    ['HERALD_SANDBOX_WEBPUSH_VAPID_PUBLIC_KEY', 'BAbc'],
    ['HERALD_SANDBOX_WEBHOOK_SECRETS', 'whsec_short'],
    ['HERALD_SANDBOX_MAX_MESSAGES', '0'],
    ['HERALD_SANDBOX_START_TLS', 'maybe'],
  ])('refuses %s=%s, naming it', (name, value) => {
    expect(errorsOf({ [name]: value })).toEqual([expect.stringContaining(name)]);
  });

  it('warns when others can reach it', () => {
    expect(configWarnings(loadConfig(SandboxConfig, { HERALD_SANDBOX_HOST: '0.0.0.0' }))).toHaveLength(1);
  });
});
