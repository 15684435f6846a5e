// SPDX-License-Identifier: Apache-2.0

import { useState } from 'preact/hooks';
import { asProblem, send, type Problem } from '../../app/api';
import { logOut, session } from '../../app/session';
import { theme, THEMES } from '../../app/theme';
import { isLongEnough } from '../../data/password';
import { age } from '../../data/format';
import { locale, t } from '../../i18n';
import { Button, Segmented } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Field } from '../../ui/Field';
import { NewPassword } from '../../ui/NewPassword';
import { Note, ProblemNote } from '../../ui/notices';
import { LanguageChoice } from '../login/Gate';

const THEME_ICONS = { auto: 'auto', light: 'sun', dark: 'moon' } as const;

function Password({ user }: { user: string }) {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const change = async (): Promise<void> => {
    setBusy(true);
    setDone(false);
    setProblem(null);
    try {
      await send('PUT', '/account/password', { current, new: next });
      setCurrent('');
      setNext('');
      setDone(true);
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  };
  const onSubmit = (event: Event): void => {
    event.preventDefault();
    void change();
  };

  return (
    <form class="form" method="post" onSubmit={onSubmit}>
      <Field
        label={t('login.user')}
        name="username"
        value={user}
        onInput={() => {}}
        autocomplete="username"
        readOnly
      />
      <Field
        label={t('account.current')}
        name="password"
        secret
        value={current}
        onInput={setCurrent}
        autocomplete="current-password"
      />
      <NewPassword label={t('account.new')} user={user} value={next} onInput={setNext} />
      {problem && <ProblemNote problem={problem} />}
      {done && <Note kind="good">{t('account.changed')}</Note>}
      <div class="buttons">
        <Button kind="primary" type="submit" busy={busy} disabled={!current || !isLongEnough(next)}>
          {t('account.change')}
        </Button>
      </div>
    </form>
  );
}

function Appearance() {
  return (
    <div class="form">
      <div class="field">
        <span class="field-label">{t('account.theme')}</span>
        <Segmented
          label={t('account.theme')}
          value={theme.value}
          options={THEMES.map((value) => ({ value, text: t(`theme.${value}`), icon: THEME_ICONS[value] }))}
          onChange={(value) => (theme.value = value)}
        />
      </div>
      <div class="field">
        <span class="field-label" aria-hidden="true">
          {t('account.language')}
        </span>
        <LanguageChoice />
      </div>
      <p class="small">{t('account.kept')}</p>
    </div>
  );
}

export default function Account() {
  const me = session.value;
  if (!me) return null;
  return (
    <div class="page account">
      <h1>{t('nav.account')}</h1>
      <Card title={t('account.who')}>
        <dl class="figures">
          <div>
            <dt>{t('login.user')}</dt>
            <dd>{me.user}</dd>
          </div>
          <div>
            <dt>{t('account.profile')}</dt>
            <dd>{t(`profile.${me.profile}`)}</dd>
          </div>
          <div>
            <dt>{t('account.idle')}</dt>
            <dd>{age(locale.value, me.idle_ms, 'long')}</dd>
          </div>
        </dl>
        <div class="buttons">
          <Button icon="logout" onClick={() => void logOut()}>
            {t('action.logOut')}
          </Button>
        </div>
      </Card>
      <Card title={t('account.appearance')}>
        <Appearance />
      </Card>
      <Card title={t('account.password')}>
        <Password user={me.user} />
      </Card>
    </div>
  );
}
