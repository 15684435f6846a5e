// SPDX-License-Identifier: Apache-2.0
// Finds points by a few letters of meter, quantity or unit and puts them into the chart: an ARIA combobox with a list
// of which several may be chosen.

import { useId, useMemo, useRef, useState } from 'preact/hooks';
import type { Point } from '../../app/model';
import { matches } from '../../data/list';
import { locale, quantityTitle, t } from '../../i18n';
import { Icon } from '../../ui/Icon';

const MOST_SHOWN = 60;

interface PointPickerProps {
  points: Point[];
  chosen: string[];
  onToggle: (point: Point) => void;
}

interface OptionProps {
  point: Point;
  id: string;
  chosen: boolean;
  active: boolean;
  onPick: () => void;
}

function Option({ point, id, chosen, active, onPick }: OptionProps) {
  return (
    <li
      id={id}
      role="option"
      aria-selected={chosen}
      class={active ? 'active' : ''}
      // The input keeps the focus, so that the list stays open for the next choice.
      onMouseDown={(event) => event.preventDefault()}
      onClick={onPick}
    >
      <span class="option-mark">{chosen && <Icon name="check" size={16} />}</span>
      <span class="option-meter">{point.meter}</span>
      <span>{quantityTitle(point)}</span>
      <span class="unit">{point.unit === '1' ? '' : point.unit}</span>
    </li>
  );
}

function search(points: Point[], query: string): Point[] {
  const found = points.filter((point) =>
    matches(query, `${point.name} ${quantityTitle(point)} ${point.unit}`),
  );
  return found.slice(0, MOST_SHOWN);
}

/** The list's state and keys; the focus stays in the input. */
function useCombobox(points: Point[], onToggle: (point: Point) => void) {
  const list = useRef<HTMLUListElement>(null);
  const [query, setQuery] = useState('');
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const found = useMemo(() => search(points, query), [points.length, query, locale.value]);
  const move = (to: number): void => {
    const next = Math.min(Math.max(to, 0), found.length - 1);
    setOpen(true);
    setActive(next);
    list.current?.children[next]?.scrollIntoView({ block: 'nearest' });
  };
  const keys: Record<string, () => void> = {
    ArrowDown: () => move(open ? active + 1 : active),
    ArrowUp: () => move(active - 1),
    Enter: () => open && found[active] && onToggle(found[active]),
    Escape: () => setOpen(false),
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const onInput = (text: string): void => {
    setQuery(text);
    setActive(0);
    setOpen(true);
  };
  return { list, query, open, setOpen, active, found, onKeyDown, onInput };
}

export function PointPicker({ points, chosen, onToggle }: PointPickerProps) {
  const id = useId();
  const { list, query, open, setOpen, active, found, onKeyDown, onInput } = useCombobox(points, onToggle);
  const optionId = (at: number): string => `${id}-${at}`;
  return (
    <div class="picker" onFocusOut={() => setOpen(false)}>
      <label class="search">
        <Icon name="plus" size={18} />
        <span class="unseen">{t('trends.add')}</span>
        <input
          type="text"
          role="combobox"
          placeholder={t('trends.add')}
          autocomplete="off"
          spellcheck={false}
          aria-expanded={open}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={open && found.length > 0 ? optionId(active) : undefined}
          value={query}
          onInput={(event) => onInput(event.currentTarget.value)}
          onClick={() => setOpen(true)}
          onKeyDown={onKeyDown}
        />
      </label>
      <ul
        id={`${id}-list`}
        ref={list}
        role="listbox"
        aria-multiselectable="true"
        aria-label={t('trends.points')}
        hidden={!open}
      >
        {found.map((point, i) => (
          <Option
            key={point.id}
            id={optionId(i)}
            point={point}
            chosen={chosen.includes(point.name)}
            active={i === active}
            onPick={() => onToggle(point)}
          />
        ))}
        {found.length === 0 && (
          <li class="picker-none" role="option" aria-disabled="true" aria-selected="false">
            {t('trends.noPoint')}
          </li>
        )}
      </ul>
    </div>
  );
}
