// SPDX-License-Identifier: Apache-2.0
// The first start: the owner's own password for the security account, then an account to work with. Each step is a
// form of its own, so that a password manager stores two accounts and mixes up none.

import { useEffect, useState } from 'preact/hooks';
import { asProblem, type Problem } from '../../app/api';
import { logOut, session, setUp } from '../../app/session';
import { isLongEnough } from '../../data/password';
import { t } from '../../i18n';
import { Button } from '../../ui/Button';
import { Field } from '../../ui/Field';
import { NewPassword } from '../../ui/NewPassword';
import { ProblemNote } from '../../ui/notices';
import { go, href } from '../../app/router';
import { Gate } from '../login/Gate';

type Step = 1 | 2;

interface Answers {
  password: string;
  adminName: string;
  adminPassword: string;
}

interface StepProps {
  answers: Answers;
  change: (part: Partial<Answers>) => void;
  onNext: () => void;
}

function Steps({ step }: { step: Step }) {
  const names = [t('setup.step.security'), t('setup.step.admin')];
  return (
    <ol class="steps">
      {names.map((name, i) => (
        <li key={name} aria-current={step === i + 1 ? 'step' : undefined} class={step > i + 1 ? 'done' : ''}>
          {name}
        </li>
      ))}
    </ol>
  );
}

function onSubmit(call: () => void): (event: Event) => void {
  return (event) => {
    event.preventDefault();
    call();
  };
}

function SecurityStep({ answers, change, onNext }: StepProps) {
  const user = session.value?.user ?? 'security';
  return (
    <form class="gate-part" method="post" onSubmit={onSubmit(onNext)}>
      <p class="gate-lead">{t('setup.security.lead')}</p>
      <Field
        label={t('login.user')}
        name="username"
        value={user}
        onInput={() => {}}
        autocomplete="username"
        readOnly
      />
      <NewPassword
        label={t('setup.security.password')}
        user={user}
        value={answers.password}
        onInput={(password) => change({ password })}
        autofocus
      />
      <div class="buttons">
        <Button onClick={() => void logOut()}>{t('setup.later')}</Button>
        <Button kind="primary" type="submit" disabled={!isLongEnough(answers.password)}>
          {t('action.next')}
        </Button>
      </div>
    </form>
  );
}

interface AdminStepProps extends StepProps {
  busy: boolean;
  onBack: () => void;
}

function AdminStep({ answers, change, onNext, onBack, busy }: AdminStepProps) {
  const same = answers.adminPassword !== '' && answers.adminPassword === answers.password;
  const ready = answers.adminName.trim() !== '' && isLongEnough(answers.adminPassword) && !same;
  return (
    <form class="gate-part" method="post" onSubmit={onSubmit(onNext)}>
      <p class="gate-lead">{t('setup.admin.lead')}</p>
      <Field
        label={t('setup.admin.name')}
        name="username"
        value={answers.adminName}
        onInput={(adminName) => change({ adminName })}
        autocomplete="username"
        autofocus
      />
      <NewPassword
        label={t('setup.admin.password')}
        user={answers.adminName}
        value={answers.adminPassword}
        onInput={(adminPassword) => change({ adminPassword })}
        error={same ? t('setup.same') : undefined}
      />
      <div class="buttons">
        <Button onClick={onBack}>{t('action.back')}</Button>
        <Button kind="primary" type="submit" busy={busy} disabled={!ready}>
          {t('setup.finish')}
        </Button>
      </div>
    </form>
  );
}

export default function Setup() {
  const [step, setStep] = useState<Step>(1);
  const [answers, setAnswers] = useState<Answers>({ password: '', adminName: '', adminPassword: '' });
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const change = (part: Partial<Answers>): void => setAnswers((before) => ({ ...before, ...part }));

  useEffect(() => {
    document.title = `${t('setup.title')} – WEBVIEW-M`;
  });

  const finish = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await setUp(answers.password, answers.adminName.trim(), answers.adminPassword);
      go(href('overview'));
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };

  return (
    <Gate>
      <div class="gate-form">
        <h1>{t('setup.title')}</h1>
        <Steps step={step} />
        {problem && <ProblemNote problem={problem} />}
        {step === 1 ? (
          <SecurityStep key={1} answers={answers} change={change} onNext={() => setStep(2)} />
        ) : (
          <AdminStep
            key={2}
            answers={answers}
            change={change}
            busy={busy}
            onNext={() => void finish()}
            onBack={() => setStep(1)}
          />
        )}
      </div>
    </Gate>
  );
}
