import { Refused } from './api.js';
import { byId } from './dom.js';

const toast = byId('toast');
let hiding;

function say(text) {
  clearTimeout(hiding);
  toast.textContent = text;
  toast.hidden = false;
  hiding = setTimeout(() => {
    toast.hidden = true;
  }, 6000);
}

/** Runs what a click started, and tells when it fails. */
export function attempt(work) {
  work().catch((error) => {
    const unreachable = error instanceof TypeError;
    say(unreachable ? 'The sandbox does not answer. Is it still running?' : error.message);
    if (!unreachable && !(error instanceof Refused)) throw error;
  });
}
