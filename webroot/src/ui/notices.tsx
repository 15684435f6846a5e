// SPDX-License-Identifier: Apache-2.0
// What a page says when there is nothing to show, something is under way, or something went wrong.

import type { ComponentChildren } from 'preact';
import type { Problem } from '../app/api';
import { fill, known, t } from '../i18n';
import { Button } from './Button';
import { Icon, type IconName } from './Icon';

export function Spinner({ text }: { text?: string }) {
  return (
    <div class="waiting" role="status">
      <span class="spin" aria-hidden="true" />
      {text ?? t('wait.loading')}
    </div>
  );
}

interface EmptyStateProps {
  icon: IconName;
  title: string;
  children: ComponentChildren;
}

/** Says what is missing and what to do about it. */
export function EmptyState({ icon, title, children }: EmptyStateProps) {
  return (
    <div class="empty">
      <Icon name={icon} size={28} />
      <p class="empty-title">{title}</p>
      <p>{children}</p>
    </div>
  );
}

export function problemText(problem: Problem): string {
  const said = known(
    'problem',
    problem.key,
    problem.detail || t('problem.other', { status: problem.status }),
  );
  return fill(said, { seconds: problem.retryAfter_s ?? 0, detail: problem.detail });
}

interface ProblemNoteProps {
  problem: Problem;
  onRetry?: () => void;
}

export function ProblemNote({ problem, onRetry }: ProblemNoteProps) {
  return (
    <div class="note bad" role="alert">
      <Icon name="warning" />
      <div>
        <p>{problemText(problem)}</p>
        {problem.errors.map((error) => (
          <p key={error.path} class="note-detail">
            {error.path}: {error.message}
          </p>
        ))}
      </div>
      {onRetry && <Button onClick={onRetry}>{t('action.retry')}</Button>}
    </div>
  );
}

const NOTE_ICONS = { info: 'info', good: 'check', warn: 'warning' } as const;

export function Note({ kind, children }: { kind: keyof typeof NOTE_ICONS; children: ComponentChildren }) {
  return (
    <div class={`note ${kind}`} role="status">
      <Icon name={NOTE_ICONS[kind]} />
      <div>{children}</div>
    </div>
  );
}
