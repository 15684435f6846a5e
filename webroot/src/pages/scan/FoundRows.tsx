// SPDX-License-Identifier: Apache-2.0
// A unit that answered: what it is, and a row for each meter that it would become.

import { useId } from 'preact/hooks';
import type { Found } from '../../app/fieldbus';
import { href } from '../../app/router';
import type { Candidate, Fault } from '../../data/scan';
import { t } from '../../i18n';
import { Check } from '../../ui/Check';
import { Icon } from '../../ui/Icon';

/** What the unit says of itself, else what its registers look like. */
function whatOf(found: Found): string {
  const make = found.model.startsWith(found.make) ? '' : found.make;
  const said = [make, found.model, found.revision].filter(Boolean).join(' ');
  return said || (found.proposals[0]?.title ?? '');
}

function What({ found }: { found: Found }) {
  return (
    <>
      {found.state !== 'found' && (
        <span class={`mark mark-${found.state}`}>
          <Icon name="warning" size={14} />
          {t(`scan.${found.state}`)}
        </span>
      )}
      <span>{whatOf(found)}</span>
      {found.text && <span class="row-sub">{found.text}</span>}
      {found.meter && (
        <a class="row-sub" href={href('meters', [found.meter])}>
          {t('scan.configured', { name: found.meter })}
        </a>
      )}
      {found.state === 'found' && !found.meter && found.proposals.length === 0 && (
        <span class="row-sub">{t('scan.noProfile')}</span>
      )}
    </>
  );
}

interface CellProps {
  name: string;
  label: string;
  value: string;
  fault: string | null;
  list?: string;
  onInput: (value: string) => void;
}

function Cell({ name, label, value, fault, list, onInput }: CellProps) {
  const id = useId();
  return (
    <td class={`c-${name}`}>
      <input
        class="cell-input"
        name={name}
        aria-label={label}
        value={value}
        list={list}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        aria-invalid={Boolean(fault)}
        aria-describedby={fault ? id : undefined}
        onInput={(event) => onInput(event.currentTarget.value.trim())}
      />
      {fault && (
        <span class="field-error" id={id}>
          {fault}
        </span>
      )}
    </td>
  );
}

const FAULT_OF: Record<Fault, 'name' | 'profile' | 'every'> = {
  name: 'name',
  taken: 'name',
  profile: 'profile',
  every: 'every',
};

interface FoundRowsProps {
  found: Found;
  candidates: Candidate[];
  faultOf: (candidate: Candidate) => Fault | null;
  list: string;
  onEdit: (key: string, edit: Partial<Candidate>) => void;
}

export function FoundRows({ found, candidates, faultOf, list, onEdit }: FoundRowsProps) {
  const span = Math.max(candidates.length, 1);
  const unitCells = (
    <>
      <td class="c-unit" rowSpan={span}>
        {found.unit}
      </td>
      <td class="c-what" rowSpan={span}>
        <What found={found} />
      </td>
      <td class="c-serial mono" rowSpan={span}>
        {found.serial}
      </td>
    </>
  );
  if (candidates.length === 0) {
    return (
      <tr class={`found-${found.state}`} data-unit={found.unit}>
        <td />
        {unitCells}
        <td colSpan={3} />
      </tr>
    );
  }
  return (
    <>
      {candidates.map((one, i) => {
        const fault = faultOf(one);
        const said = fault ? t(`scan.fault.${fault}`) : null;
        const at = fault ? FAULT_OF[fault] : null;
        const where = one.load > 1 || span > 1 ? `${one.unit}, ${t('meters.load', { load: one.load })}` : one.unit;
        const cell = (name: 'name' | 'profile' | 'every') => (
          <Cell
            name={name}
            label={t('scan.ofUnit', { what: t(`scan.column.${name}`), unit: where })}
            value={one[name]}
            fault={at === name ? said : null}
            list={name === 'profile' ? list : undefined}
            onInput={(value) => onEdit(one.key, { [name]: value })}
          />
        );
        return (
          <tr key={one.key} data-unit={one.unit}>
            <td class="c-add">
              <Check
                bare
                label={t('scan.ofUnit', { what: t('scan.column.add'), unit: where })}
                checked={one.ticked}
                onChange={(ticked) => onEdit(one.key, { ticked })}
              />
            </td>
            {i === 0 && unitCells}
            {cell('name')}
            {cell('profile')}
            {cell('every')}
          </tr>
        );
      })}
    </>
  );
}
