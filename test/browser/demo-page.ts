import type { Browser, BrowserContext, ConsoleMessage, Page } from 'playwright-core';
import { fillIn } from './swagger-page.js';

/** The pages of the demo in a browser of which no page knows anything. */
export class DemoPage {
  /** What the console of the browser complained about, its content security policy included. */
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    readonly context: BrowserContext,
    readonly url: string,
  ) {}

  static async open(browser: Browser, url: string, path = '/'): Promise<DemoPage> {
    const context = await browser.newContext({ viewport: { width: 1000, height: 720 } });
    // Sooner than the test itself, so that the failure names what was waited for.
    context.setDefaultTimeout(15_000);
    const demo = new DemoPage(await context.newPage(), context, url);
    demo.page.on('console', (message) => {
      if (isComplaint(message)) demo.complaints.push(message.text());
    });
    demo.page.on('pageerror', (error) => demo.complaints.push(error.message));
    await demo.page.goto(url + path);
    return demo;
  }

  close(): Promise<void> {
    return this.context.close();
  }

  /** What the page is about, as screen readers get to know it. */
  async heading(): Promise<string | null> {
    return this.page.getByRole('heading', { level: 1 }).textContent();
  }

  async text(): Promise<string> {
    return this.page.getByRole('main').innerText();
  }

  async press(button: 'Sign in' | 'Refresh' | 'Sign out'): Promise<void> {
    await this.page.getByRole('button', { name: button }).click();
  }

  /** Fills in the sign-in page of the local user pool, which has to be open. */
  async fillIn(username: string, password = `${username}-password`): Promise<void> {
    await fillIn(this.page, username, password);
  }

  /** Goes from the page to the user pool, and comes back as this user. */
  async signIn(username: string): Promise<void> {
    await this.press('Sign in');
    await this.fillIn(username);
    await this.page.getByRole('heading', { name: `Signed in as ${username}` }).waitFor();
  }

  async refresh(): Promise<void> {
    await this.press('Refresh');
    await this.page.getByRole('status').getByText('The session has new tokens.').waitFor();
  }

  async signOut(): Promise<void> {
    await this.press('Sign out');
    await this.page.getByRole('heading', { name: 'Nobody is signed in' }).waitFor();
  }

  /** When the access token on the page expires, in milliseconds of Unix time. */
  async expiry(): Promise<number> {
    return Date.parse((await this.page.getByRole('time').getAttribute('datetime')) ?? '');
  }

  /** The status of the answer to a script of this page. */
  async statusOf(path: string): Promise<number> {
    return this.page.evaluate(async (address) => (await fetch(address)).status, path);
  }

  /** What a request to this machine carries: cookies know no ports. */
  async cookies() {
    return this.context.cookies(this.url);
  }

  async cookiesOfSession() {
    const cookies = await this.cookies();
    // Not those of a sign-in that was begun.
    return cookies.filter(({ name }) => /^cognito-session(\.\d)?$/.test(name));
  }
}

/** Not that an answer is a refusal: whether it should be one, its own assertion says. */
function isComplaint(message: ConsoleMessage): boolean {
  const isBad = ['error', 'warning'].includes(message.type());
  return isBad && !message.text().startsWith('Failed to load resource: the server responded');
}
