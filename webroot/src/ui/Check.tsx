// SPDX-License-Identifier: Apache-2.0

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface CheckProps {
  label: string;
  checked: boolean;
  disabled?: boolean;
  /** The label is for screen readers alone: the column says it. */
  bare?: boolean;
  onChange: (checked: boolean) => void;
  children?: ComponentChildren;
}

/** A box to tick, with what ticking it means. */
export function Check({ label, checked, disabled, bare = false, onChange, children }: CheckProps) {
  const id = useId();
  return (
    <div class={`check ${bare ? 'is-bare' : ''}`}>
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        aria-describedby={children ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <label for={id} class={bare ? 'unseen' : ''}>
        {label}
      </label>
      {children && (
        <p class="small" id={`${id}-hint`}>
          {children}
        </p>
      )}
    </div>
  );
}
