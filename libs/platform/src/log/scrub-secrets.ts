const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]*@/gi;
const BEARER = /\bBearer\s+[^\s"',;]+/gi;
const API_KEY = /\bhk_(live|test)_[A-Za-z0-9_-]+/g;

/** A text without the credentials it may carry: those in URLs, bearer tokens, API keys. */
export function scrubSecrets(text: string): string {
  return text.replace(URL_CREDENTIALS, '$1***@').replace(BEARER, 'Bearer ***').replace(API_KEY, 'hk_$1_***');
}
