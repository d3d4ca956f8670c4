import { type FieldError, Format, Optional } from '@herald/contracts';
import { type ProviderDefinition } from '@herald/delivery';
import { IsIn, IsInt, IsString, Matches, Max, MaxLength, Min, MinLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { emailSender } from './email-sender';
import { openSmtp } from './open-smtp';
import { sesReceipts } from './ses-receipts';
import { sesMessageId, sesVerdict } from './ses-reply';
import { sesHeaders } from './ses-tags';
import { HOST } from './smtp-host';
import { TOPIC_ARN } from './sns-message';

export class SesConfig {
  @Matches(/^[a-z]{2,4}(-[a-z]{2,12}){1,3}-\d{1,2}$/, { message: 'must be a region such as eu-central-1' })
  @JSONSchema({ description: 'The AWS region that the identities and credentials belong to.' })
  region: string;

  @Format('single-line')
  @MinLength(1)
  @MaxLength(255)
  @JSONSchema({ description: 'Of the SMTP credentials that SES gives, which are not those of the AWS API.' })
  smtpUsername: string;

  @IsString()
  @MinLength(1)
  @MaxLength(1024)
  smtpPassword: string;

  @Format('mailbox')
  @MaxLength(400)
  @JSONSchema({
    description: 'The sender of messages that name none; SES has to know the address or its domain.',
    examples: ['Shop <shop@example.com>'],
  })
  from: string;

  @Optional()
  @Matches(/^[A-Za-z0-9_-]{1,64}$/, { message: 'must be 1 to 64 letters, digits, _ and -' })
  @JSONSchema({
    description: "The configuration set that publishes the messages' events, to the topic of topicArn.",
  })
  configurationSet?: string;

  @Optional()
  @Matches(TOPIC_ARN, { message: 'must be the ARN of an SNS topic' })
  @JSONSchema({
    description:
      'The SNS topic whose notifications are believed, without raw message delivery. Without it none is believed.',
    examples: ['arn:aws:sns:eu-central-1:123456789012:ses-events'],
  })
  topicArn?: string;

  @Optional()
  @Matches(HOST, { message: 'must be a host name or an IP address' })
  @JSONSchema({
    description:
      'Instead of email-smtp.<region>.amazonaws.com, such as a VPC endpoint or a sandbox. Internal addresses have to ' +
      'be allowed as for webhooks.',
  })
  smtpHost?: string;

  @Optional()
  @IsInt()
  @Min(1)
  @Max(65_535)
  @JSONSchema({ default: 587 })
  smtpPort?: number;

  @Optional()
  @IsIn(['tls', 'starttls', 'none'])
  @JSONSchema({
    default: 'starttls',
    description: 'As for an SMTP server: tls for the ports 465 and 2465, none with a smtpHost only.',
  })
  security?: 'tls' | 'starttls' | 'none';

  @Optional()
  @Format('http-url')
  @JSONSchema({
    description:
      "Instead of the URL of SNS in the topic's region, such as a sandbox: where its certificate is read and " +
      'subscriptions are confirmed. Internal addresses have to be allowed as for webhooks.',
  })
  snsBaseUrl?: string;
}

/** E-mail through Amazon SES, by its SMTP interface; its notifications come through Amazon SNS. */
export const ses: ProviderDefinition<'email', SesConfig> = {
  type: 'ses',
  channel: 'email',
  title: 'Amazon SES',
  config: SesConfig,
  secrets: ['smtpPassword'],
  destination: ['region', 'smtpHost', 'smtpPort', 'security'],
  check: checkConfig,
  open: (config, deps) =>
    openSmtp(
      {
        host: config.smtpHost ?? `email-smtp.${config.region}.amazonaws.com`,
        port: config.smtpPort ?? 587,
        security: config.security,
        username: config.smtpUsername,
        password: config.smtpPassword,
        from: config.from,
      },
      deps,
      {
        headers: (message, context) => sesHeaders(message, context, config.configurationSet),
        acceptedId: sesMessageId,
        verdict: sesVerdict,
      },
    ),
  sender: emailSender,
  receipts: sesReceipts(),
};

function checkConfig({ security, smtpHost }: SesConfig): FieldError[] {
  if (security !== 'none' || smtpHost !== undefined) return [];
  return [{ pointer: '/security', detail: 'may be "none" with a smtpHost only: SES takes no plain text' }];
}
