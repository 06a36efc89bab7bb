import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

/** Debian's, unless the environment names another one. */
export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export function isInstalled(): boolean {
  return existsSync(CHROMIUM);
}

/** Starts the browser, with a new and empty profile. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

const ARGUMENTS = [
  // For root, as in a container of continuous integration.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  // Nothing but the pages of these specs.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
