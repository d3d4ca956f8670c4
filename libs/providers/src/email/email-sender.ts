import { parseMailbox } from '@herald/contracts';
import { type EmailMessage } from '@herald/delivery';

/** The address that an e-mail comes from, whatever name stands before it; its case makes no difference. */
export function emailSender({ from }: EmailMessage, config: { from: string }): string {
  const mailbox = from ?? config.from;
  return (parseMailbox(mailbox)?.address ?? mailbox).toLowerCase();
}
