// SPDX-License-Identifier: Apache-2.0

import { advise } from '../data/password';
import { counted, t } from '../i18n';
import { Field } from './Field';

interface NewPasswordProps {
  label: string;
  user: string;
  value: string;
  onInput: (value: string) => void;
  autofocus?: boolean;
  error?: string;
}

/** A new password with a bar and one sentence that says what would make it better. */
export function NewPassword({ label, user, value, onInput, autofocus, error }: NewPasswordProps) {
  const { hint, strength, missing } = advise(value, user);
  const text =
    hint === 'short' && value !== '' ? counted('password.missing', missing) : t(`password.${hint}`);
  return (
    <Field
      label={label}
      name="new-password"
      secret
      value={value}
      onInput={onInput}
      autocomplete="new-password"
      autofocus={autofocus}
      error={error}
    >
      <span class={`strength strength-${strength}`} aria-hidden="true">
        <i />
        <i />
        <i />
        <i />
      </span>
      <span aria-live="polite">{text}</span>
    </Field>
  );
}
