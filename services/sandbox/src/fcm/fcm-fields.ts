import type { FieldViolation } from './fcm-errors';

/** What a field of FCM's message can be: a check of its value, or the fields inside of it. */
type Kind = ((value: unknown) => boolean) | { readonly [field: string]: Kind };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown) => typeof value === 'string';
const flag = (value: unknown) => typeof value === 'boolean';
const count = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
const texts = (value: unknown) => isObject(value) && Object.values(value).every(text);
const list = (value: unknown) => Array.isArray(value);
const color = (value: unknown) => text(value) && /^#[0-9a-f]{6}$/i.test(value as string);
const oneOf =
  (...values: string[]) =>
  (value: unknown) =>
    values.includes(value as string);

/** Names that FCM uses itself. */
const RESERVED = /^(from|message_type)$|^(google|gcm)/;
const data = (value: unknown) =>
  texts(value) && !Object.keys(value as object).some((name) => RESERVED.test(name));

/** Four weeks. */
const MAX_TTL_SECONDS = 2_419_200;
const duration = (value: unknown) =>
  text(value) &&
  /^\d{1,7}(\.\d{1,9})?s$/.test(value as string) &&
  Number.parseFloat(value as string) <= MAX_TTL_SECONDS;

const NOTIFICATION: Kind = { title: text, body: text, image: text };

const ANDROID_NOTIFICATION: Kind = {
  ...NOTIFICATION,
  icon: text,
  color,
  sound: text,
  tag: text,
  click_action: text,
  body_loc_key: text,
  body_loc_args: list,
  title_loc_key: text,
  title_loc_args: list,
  channel_id: text,
  ticker: text,
  sticky: flag,
  event_time: text,
  local_only: flag,
  notification_priority: text,
  default_sound: flag,
  default_vibrate_timings: flag,
  default_light_settings: flag,
  vibrate_timings: list,
  visibility: text,
  notification_count: count,
  light_settings: isObject,
  proxy: text,
};

const OPTIONS: Kind = { analytics_label: text };

/** https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages; `token` is checked apart. */
const MESSAGE: Kind = {
  token: () => true,
  data,
  notification: NOTIFICATION,
  android: {
    collapse_key: text,
    priority: oneOf('NORMAL', 'HIGH', 'normal', 'high'),
    ttl: duration,
    restricted_package_name: text,
    data,
    notification: ANDROID_NOTIFICATION,
    fcm_options: OPTIONS,
    direct_boot_ok: flag,
  },
  apns: { headers: texts, payload: isObject, fcm_options: { ...OPTIONS, image: text } },
  webpush: isObject,
  fcm_options: OPTIONS,
};

/** Everything about the fields of a request's `message` that FCM would not take. */
export const fieldViolations = (message: Record<string, unknown>): FieldViolation[] =>
  violationsIn(message, MESSAGE, 'message');

function violationsIn(value: unknown, kind: Kind, path: string): FieldViolation[] {
  if (typeof kind === 'function') {
    return kind(value) ? [] : [{ field: path, description: `Invalid value at '${path}'` }];
  }
  if (!isObject(value)) return [{ field: path, description: `Invalid value at '${path}'` }];
  return Object.entries(value).flatMap(([name, inner]) => {
    const known = Object.hasOwn(kind, name) ? kind[name] : undefined;
    if (known) return violationsIn(inner, known, `${path}.${name}`);
    const description = `Invalid JSON payload received. Unknown name "${name}" at '${path}': Cannot find field.`;
    return [{ field: path, description }];
  });
}
