const LEAST_PAUSE_MS = 400;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Makes a function that has `work` run soon, never twice at once, and with pauses that grow with how long it takes: a
 * page that is open while thousands of messages arrive asks for the list a few times a second at most.
 */
export function poller(work) {
  let running = false;
  let again = false;
  let notBefore = 0;

  async function run() {
    while (again) {
      again = false;
      await pause(Math.max(0, notBefore - performance.now()));
      const begun = performance.now();
      // Out of reach: the page says so, and asks again once the stream is back.
      await work().catch((error) => {
        if (!(error instanceof TypeError)) throw error;
      });
      notBefore = performance.now() + Math.max(LEAST_PAUSE_MS, 4 * (performance.now() - begun));
    }
  }

  return () => {
    again = true;
    if (running) return;
    running = true;
    run()
      .catch((error) => reportError(error))
      .finally(() => {
        running = false;
      });
  };
}
