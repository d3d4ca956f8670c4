/** An error as Twilio's API answers it. */
export interface TwilioError {
  code: number;
  message: string;
  more_info: string;
  /** The HTTP status. */
  status: number;
}

const BAD_REQUEST = 400;

/** The meanings of Twilio's codes (https://www.twilio.com/docs/api/errors), for those a test is likely to ask for. */
const MEANINGS: Record<number, { message: string; status?: number }> = {
  20003: { message: 'Authenticate', status: 401 },
  20404: { message: 'The requested resource was not found', status: 404 },
  20429: { message: 'Too Many Requests', status: 429 },
  20500: { message: 'Internal Server Error', status: 500 },
  20503: { message: 'Service Unavailable', status: 503 },
  21211: { message: "Invalid 'To' Phone Number" },
  21212: { message: "Invalid 'From' Number" },
  21408: { message: 'Permission to send an SMS has not been enabled for the region of the To number' },
  21602: { message: 'Message body is required.' },
  21603: { message: "A 'From' or 'MessagingServiceSid' parameter is required to send a message." },
  21604: { message: "A 'To' phone number is required." },
  21606: { message: 'The From phone number is not a valid, message-capable number for this account' },
  21609: { message: 'The StatusCallback URL is not valid.' },
  21610: { message: 'Attempt to send to unsubscribed recipient' },
  21611: { message: "This 'From' number has exceeded the maximum number of queued messages" },
  21612: { message: "Message cannot be sent with the current combination of 'To' and 'From' parameters" },
  21614: { message: "'To' number is not a valid mobile number" },
  21617: { message: 'The concatenated message body exceeds the 1600 character limit.' },
  21705: { message: 'The Messaging Service Sid is invalid.' },
  30001: { message: 'Queue overflow' },
  30002: { message: 'Account suspended' },
  30003: { message: 'Unreachable destination handset' },
  30004: { message: 'Message blocked' },
  30005: { message: 'Unknown destination handset' },
  30006: { message: 'Landline or unreachable carrier' },
  30007: { message: 'Message filtered' },
  30008: { message: 'Unknown error' },
  30022: { message: 'Rate limit of the campaign exceeded' },
  30034: { message: 'Message from an unregistered number' },
};

/** What a Twilio code means, or nothing for a code that is not in the table. */
export const twilioMeaning = (code: number): string | null => MEANINGS[code]?.message ?? null;

/** The error Twilio answers for one of its codes; `detail` replaces the general message. */
export function twilioError(code: number, detail?: string): TwilioError {
  const meaning = MEANINGS[code];
  return {
    code,
    message: detail ?? meaning?.message ?? `Error ${code}`,
    more_info: `https://www.twilio.com/docs/errors/${code}`,
    status: meaning?.status ?? BAD_REQUEST,
  };
}

/**
 * The error for a rule's code: an HTTP status (400-599), of which Twilio makes 20000 + status, or one of its codes. For a
 * code of another vendor, a server error.
 */
export function twilioErrorFor(code: number): TwilioError {
  if (code < 400) return twilioError(20500);
  if (code >= 600) return twilioError(code);
  const known = code === 401 ? 20003 : 20000 + code;
  return { ...twilioError(known), status: code };
}
