import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const USUAL_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
// biome-ignore lint/style/noProcessEnv: tests have no configuration of their own
const executablePath = [process.env.CHROMIUM_PATH, ...USUAL_PATHS].find((path) => path && existsSync(path));
if (executablePath === undefined) {
  console.warn('The tests of the page are skipped: no Chromium was found; install one or set CHROMIUM_PATH.');
}

/** `describe`, or nothing where no Chromium is installed. */
export const withChromium = executablePath === undefined ? describe.skip : describe;

export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath, args: ['--no-sandbox'] });
