import { existsSync } from 'node:fs';

import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject } from 'vitest';

import type { Login } from './daemon';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const WAIT_MS = 20_000;

let browser: Browser | null = null;

/** Opens one browser for a file's tests. Playwright gives it a fresh profile, and removes it. */
export function useBrowser(): void {
  beforeAll(async () => {
    if (!existsSync(CHROMIUM)) throw new Error(`there is no ${CHROMIUM}`);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    browser = null;
  });
}

/** A person with a browser of their own. What the page complains about is kept, and asked for at the end. */
export interface Person {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: string[];
}

/** Chromium writes a line for each refused request; refusals are part of what is tested. */
const EXPECTED = /Failed to load resource|WebSocket connection to/;

export async function person(options: BrowserContextOptions = {}): Promise<Person> {
  if (browser === null) throw new Error('useBrowser() first');
  const url = options.baseURL ?? inject('served').url;
  const context = await browser.newContext({ baseURL: url, ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (line) => {
    if (line.type() === 'error' && !EXPECTED.test(line.text())) complaints.push(line.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) complaints.push(`asked for ${request.url()}`);
  });
  return { page, context, complaints };
}

/** Everything that a person did is over: nothing was complained about, and the browser is closed. */
export async function done(...people: Person[]): Promise<void> {
  for (const { context, complaints } of people) {
    await context.close();
    expect(complaints).toEqual([]);
  }
}

export async function login(page: Page, who: Login): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('Email').fill(who.email);
  await page.getByLabel('Password', { exact: true }).fill(who.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL((url) => !url.pathname.startsWith('/login'));
}

export async function loggedIn(who: Login, options: BrowserContextOptions = {}): Promise<Person> {
  const one = await person(options);
  await login(one.page, who);
  return one;
}

/** The service page, live. */
export async function atService(one: Person): Promise<Page> {
  await one.page.goto('/services/redis');
  await one.page.getByText('● Connected').or(one.page.locator('.state.connected')).first().waitFor();
  await one.page.locator('.badge').first().waitFor();
  return one.page;
}
