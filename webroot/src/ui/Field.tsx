// SPDX-License-Identifier: Apache-2.0
// A labelled input with its hint and its error, tied together for screen readers and password managers.

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t } from '../i18n';
import { Icon } from './Icon';

interface FieldProps {
  label: string;
  name: string;
  value: string;
  onInput: (value: string) => void;
  autocomplete: string;
  secret?: boolean;
  readOnly?: boolean;
  autofocus?: boolean;
  /** Id of a list of proposals. */
  list?: string;
  error?: string;
  children?: ComponentChildren;
}

function ShowButton({ shown, onClick }: { shown: boolean; onClick: () => void }) {
  const label = t(shown ? 'field.hide' : 'field.show');
  return (
    <button
      class="field-show"
      type="button"
      aria-label={label}
      title={label}
      aria-pressed={shown}
      onClick={onClick}
    >
      <Icon name={shown ? 'eyeOff' : 'eye'} />
    </button>
  );
}

export function Field(props: FieldProps) {
  const id = useId();
  const [shown, setShown] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (props.autofocus) input.current?.focus();
  }, []);
  const described = [props.error && `${id}-error`, props.children && `${id}-hint`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <div class="field-box">
        <input
          ref={input}
          id={id}
          name={props.name}
          type={props.secret && !shown ? 'password' : 'text'}
          value={props.value}
          autocomplete={props.autocomplete}
          list={props.list}
          autocapitalize="none"
          spellcheck={false}
          readOnly={props.readOnly}
          aria-invalid={Boolean(props.error)}
          aria-describedby={described || undefined}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
        {props.secret && <ShowButton shown={shown} onClick={() => setShown(!shown)} />}
      </div>
      {props.error && (
        <p class="field-error" id={`${id}-error`}>
          {props.error}
        </p>
      )}
      {props.children && (
        <div class="field-hint" id={`${id}-hint`}>
          {props.children}
        </div>
      )}
    </div>
  );
}
