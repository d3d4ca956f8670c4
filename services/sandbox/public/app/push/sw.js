// Shows what Herald sends: the JSON of `content.webpush` without ttlSeconds, urgency and topic.

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  event.waitUntil(show(contentOf(event.data)));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const { url } = event.notification.data ?? {};
  if (url) event.waitUntil(open(url));
});

/** A push without JSON shows its text: a browser that gets a push and sees no notification ends the subscription. */
function contentOf(data) {
  if (data === null) return { title: 'Notification' };
  try {
    const content = data.json();
    return typeof content === 'object' && content !== null ? content : { title: String(content) };
  } catch {
    return { title: data.text() };
  }
}

async function show(content) {
  const { title = 'Notification', url, data, ...options } = content;
  await self.registration.showNotification(title, { ...options, data: { url, data } });
  const pages = await self.clients.matchAll({ type: 'window' });
  for (const page of pages) page.postMessage({ type: 'shown', content });
}

/** Goes to a tab that shows the URL already, or opens one. */
async function open(url) {
  const { href } = new URL(url, self.location.origin);
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const shown = pages.find((page) => page.url === href);
  await (shown ? shown.focus() : self.clients.openWindow(href));
}
