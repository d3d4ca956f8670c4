/**
 * For containers: `node --require scripts/early-signals.js …`. The first process of a container is deaf to signals that it
 * does not listen to, and a service listens once its modules are loaded, which takes a second or two. Until then SIGTERM and
 * SIGINT end it here, as they would end any other process.
 */
const EXIT_CODES = { SIGTERM: 143, SIGINT: 130 };

for (const [signal, code] of Object.entries(EXIT_CODES)) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(code);
  });
}
