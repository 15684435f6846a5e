// SPDX-License-Identifier: Apache-2.0
// Changes a section of the configuration: reads it, shows what would change, applies that. If somebody else was
// faster, it is read again, the same change is made to what is there now, and the new difference is shown.

import { useEffect, useState } from 'preact/hooks';
import { asProblem, getTagged, send, type Problem } from '../app/api';
import { readCatalog } from '../app/feed';
import { diff, linesOf, type DiffLine, type Value } from '../data/change';
import { t } from '../i18n';
import { Button } from './Button';
import { Dialog } from './Dialog';
import { Note, ProblemNote, Spinner } from './notices';

interface Proposal {
  tag: string;
  next: Value;
  lines: DiffLine[];
}

interface ChangeDialogProps {
  title: string;
  section: string;
  /** The section as it should be, from what it is; called again when it has changed meanwhile. */
  change: (now: Value) => Value;
  onDone: () => void;
  onClose: () => void;
}

const SIGNS = { '+': 'change.new', '-': 'change.removed' } as const;

function Difference({ lines }: { lines: DiffLine[] }) {
  return (
    <div class="diff" tabIndex={0} role="group" aria-label={t('change.new')}>
      <ol>
        {lines.map(({ sign, text }, i) => (
          <li key={i} class={sign === '+' ? 'new' : sign === '-' ? 'removed' : ''}>
            <span aria-hidden="true">{sign}</span>
            {sign !== ' ' && <span class="unseen">{t(SIGNS[sign])}: </span>}
            <code>{text}</code>
          </li>
        ))}
      </ol>
    </div>
  );
}

export function ChangeDialog({ title, section, change, onDone, onClose }: ChangeDialogProps) {
  const [proposal, setProposal] = useState<Proposal | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [meanwhile, setMeanwhile] = useState(false);
  const [busy, setBusy] = useState(false);

  const read = async (): Promise<void> => {
    setProblem(null);
    try {
      const { body, tag } = await getTagged<Value>(`/config/${section}`);
      const next = change(body);
      setProposal({ tag, next, lines: diff(linesOf(body), linesOf(next)) });
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  useEffect(() => void read(), []);

  const apply = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await send('PUT', `/config/${section}`, proposal!.next, proposal!.tag);
      onDone();
      void readCatalog();
    } catch (error) {
      const found = asProblem(error);
      setMeanwhile(found.status === 412);
      if (found.status === 412) await read();
      else setProblem(found);
    } finally {
      setBusy(false);
    }
  };

  const isNothing = proposal !== null && proposal.lines.length === 0;
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="dialog-body">
        {meanwhile && <Note kind="warn">{t('change.meanwhile')}</Note>}
        {problem && <ProblemNote problem={problem} onRetry={proposal ? undefined : () => void read()} />}
        {!proposal && !problem && <Spinner />}
        {isNothing && <Note kind="info">{t('change.nothing')}</Note>}
        {proposal && !isNothing && (
          <>
            <p>{t('change.lead', { section })}</p>
            <Difference lines={proposal.lines} />
          </>
        )}
      </div>
      <div class="buttons">
        <Button onClick={onClose}>{t('action.cancel')}</Button>
        <Button
          kind="primary"
          busy={busy}
          disabled={!proposal || isNothing}
          onClick={() => void apply()}
        >
          {t('action.apply')}
        </Button>
      </div>
    </Dialog>
  );
}
