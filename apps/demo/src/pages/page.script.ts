/**
 * What runs in the browser: it sends the form "Refresh" without leaving the page. Without a script
 * the form works, too, and the browser shows the JSON of the answer.
 */
export const PAGE_SCRIPT = `const form = document.querySelector('form[action$="/auth/refresh"]');

form?.addEventListener('submit', (event) => {
  event.preventDefault();
  void refresh();
});

async function refresh() {
  say('…');
  try {
    const answer = await fetch(form.action, { method: 'POST' });
    // The session is over: the page knows what that looks like.
    if (answer.status === 401) return location.reload();
    const { expiresAt, message } = await answer.json();
    if (!answer.ok) return say(message);
    const time = document.querySelector('time');
    time.dateTime = expiresAt;
    time.textContent = expiresAt.replace('T', ' ').replace(/\\.\\d+Z$/, ' UTC');
    say('The session has new tokens.');
  } catch {
    say('The demo does not answer.');
  }
}

function say(text) {
  document.querySelector('[role="status"]').textContent = text;
}
`;
