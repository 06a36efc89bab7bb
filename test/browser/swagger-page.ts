import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';

/** The parts of a Swagger page that people use, by the names that they see. */
export class SwaggerPage {
  private constructor(
    readonly page: Page,
    private readonly context: BrowserContext,
  ) {}

  /** Opens the page in a browser of which no page knows anything. */
  static async open(browser: Browser, url: string): Promise<SwaggerPage> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    // Sooner than the test itself, so that the failure names what was waited for.
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    await page.goto(url);
    const swagger = new SwaggerPage(page, context);
    await swagger.authorizeButton.waitFor();
    return swagger;
  }

  close(): Promise<void> {
    return this.context.close();
  }

  /** The button above all operations. */
  get authorizeButton(): Locator {
    return this.page.locator('.auth-wrapper .btn.authorize');
  }

  /** The part of the open dialog that is about the sign-in page. */
  get signInDialog(): Locator {
    return this.page.locator('.auth-container', { hasText: 'cognito-hosted-ui' });
  }

  /** Goes from the Authorize button to the sign-in page of the user pool, which opens beside. */
  async openSignIn(): Promise<Page> {
    await this.authorizeButton.click();
    const [popup] = await Promise.all([
      this.page.waitForEvent('popup'),
      this.signInDialog.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click(),
    ]);
    return popup;
  }

  async signIn(username: string, password = `${username}-password`): Promise<void> {
    const popup = await this.openSignIn();
    await Promise.all([popup.waitForEvent('close'), fillIn(popup, username, password)]);
    await this.signInDialog.getByText('Authorized', { exact: true }).waitFor();
    await this.closeDialog();
  }

  async logOut(): Promise<void> {
    await this.authorizeButton.click();
    await this.signInDialog.getByRole('button', { name: 'Remove authorization' }).click();
    await this.closeDialog();
  }

  async closeDialog(): Promise<void> {
    await this.page.locator('.dialog-ux .close-modal').click();
  }

  /** Sends `GET` of this path with "Try it out", and returns the status of the answer. */
  async tryOut(path: string): Promise<number> {
    const operation = await this.opened(path);
    await operation.getByRole('button', { name: /Try it out|Cancel/ }).waitFor();
    const button = operation.getByRole('button', { name: 'Try it out' });
    if (await button.isVisible()) await button.click();
    const [answer] = await Promise.all([
      this.page.waitForResponse((response) => response.url().endsWith(path)),
      operation.getByRole('button', { name: 'Execute' }).click(),
    ]);
    const status = answer.status();
    // What people see says the same.
    await operation
      .locator('.live-responses-table .response-col_status', { hasText: String(status) })
      .first()
      .waitFor();
    return status;
  }

  private async opened(path: string): Promise<Locator> {
    const operation = this.page.locator('.opblock-get', {
      has: this.page.locator(`[data-path="${path}"]`),
    });
    const isOpen = await operation.evaluate((element) => element.classList.contains('is-open'));
    if (!isOpen) await operation.locator('.opblock-summary-control').click();
    return operation;
  }
}

/** Fills in the sign-in page of the local user pool. */
export async function fillIn(page: Page, username: string, password: string): Promise<void> {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
