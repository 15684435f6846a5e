// SPDX-License-Identifier: Apache-2.0

import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './Icon';

interface ButtonProps {
  children: ComponentChildren;
  kind?: 'primary' | 'plain';
  type?: 'button' | 'submit';
  icon?: IconName;
  busy?: boolean;
  disabled?: boolean;
  onClick?: () => void;
}

export function Button({
  children,
  kind = 'plain',
  type = 'button',
  icon,
  busy = false,
  disabled,
  onClick,
}: ButtonProps) {
  return (
    <button
      class={`button ${kind}`}
      type={type}
      disabled={disabled || busy}
      aria-busy={busy}
      onClick={onClick}
    >
      {busy ? <span class="spin" aria-hidden="true" /> : icon && <Icon name={icon} size={18} />}
      {children}
    </button>
  );
}

interface IconButtonProps {
  icon: IconName;
  label: string;
  disabled?: boolean;
  onClick: () => void;
}

export function IconButton({ icon, label, disabled, onClick }: IconButtonProps) {
  return (
    <button
      class="button icon-only"
      type="button"
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} size={18} />
    </button>
  );
}

interface SegmentedProps<T extends string> {
  label: string;
  value: T | null;
  options: readonly { value: T; text: string; icon?: IconName }[];
  onChange: (value: T) => void;
}

/** A few choices of which one holds, all in sight. */
export function Segmented<T extends string>({ label, value, options, onChange }: SegmentedProps<T>) {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.icon && <Icon name={option.icon} size={16} />}
          {option.text}
        </button>
      ))}
    </div>
  );
}
