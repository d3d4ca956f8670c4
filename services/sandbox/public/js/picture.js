import { h, icon } from './dom.js';

/**
 * A picture that a notification names. The page loads pictures over HTTPS only, without saying where from; for others,
 * and for those that do not come, the address stands there instead.
 */
export function picture(url, className) {
  if (!/^https:/i.test(url) && !url.startsWith(`${location.origin}/`)) return missing(url, className);
  const image = h('img', { class: className, src: url, alt: '', referrerpolicy: 'no-referrer' });
  image.addEventListener('error', () => image.replaceWith(missing(url, className)));
  return image;
}

function missing(url, className) {
  const label = `A picture that is not shown here: ${url}`;
  return h(
    'span',
    { class: `${className} no-picture`, role: 'img', 'aria-label': label, title: url },
    icon('image'),
  );
}

/** A link where the address is one for a browser; the bare text for what only an app understands. */
export function linkOrText(address) {
  if (!address || !/^https?:\/\//i.test(address)) return address && h('code', {}, address);
  return h('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, address);
}
