// SPDX-License-Identifier: Apache-2.0

import { useEffect, useState } from 'preact/hooks';
import { asProblem, type Problem } from '../../app/api';
import { ended, firstStart, logIn } from '../../app/session';
import { t } from '../../i18n';
import { Button } from '../../ui/Button';
import { Field } from '../../ui/Field';
import { Note, ProblemNote } from '../../ui/notices';
import { Gate } from './Gate';

/** Seconds until the gateway takes another try; counts down by itself. */
function useWait(problem: Problem | null): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    setLeft(problem?.retryAfter_s ?? 0);
    if (!problem?.retryAfter_s) return;
    const timer = setInterval(() => setLeft((seconds) => Math.max(0, seconds - 1)), 1000);
    return () => clearInterval(timer);
  }, [problem]);
  return left;
}

export function Login() {
  const [user, setUser] = useState(firstStart.value ? 'security' : '');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const wait = useWait(problem);

  useEffect(() => {
    document.title = `${t('login.title')} – WEBVIEW-M`;
  });

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    // What a password manager filled in may never have been told to the page: the form itself knows.
    const filled = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setProblem(null);
    try {
      await logIn(String(filled.get('username')).trim(), String(filled.get('password')));
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };

  return (
    <Gate>
      <form class="gate-form" method="post" onSubmit={(event) => void submit(event)}>
        <h1>{t('login.title')}</h1>
        {firstStart.value && (
          <Note kind="info">
            <p>{t('login.first')}</p>
            <p>{t('login.first.help')}</p>
          </Note>
        )}
        {ended.value && !problem && <Note kind="warn">{t('login.ended')}</Note>}
        {problem && <ProblemNote problem={problem} />}
        <Field
          label={t('login.user')}
          name="username"
          value={user}
          onInput={setUser}
          autocomplete="username"
          autofocus={!firstStart.value}
        />
        <Field
          label={t(firstStart.value ? 'login.oneTime' : 'login.password')}
          name="password"
          secret
          value={password}
          onInput={setPassword}
          autocomplete="current-password"
          autofocus={firstStart.value}
        />
        <Button kind="primary" type="submit" busy={busy} disabled={wait > 0}>
          {wait > 0 ? t('login.wait', { seconds: wait }) : t('login.submit')}
        </Button>
      </form>
    </Gate>
  );
}
