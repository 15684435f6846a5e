// SPDX-License-Identifier: Apache-2.0
// A component whose code is loaded when it is first shown.

import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import { Button } from './Button';
import { Spinner } from './notices';

export function lazy<P extends object>(load: () => Promise<{ default: ComponentType<P> }>): ComponentType<P> {
  let Loaded: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [failed, setFailed] = useState(false);
    const [, setReady] = useState(Loaded !== null);
    useEffect(() => {
      if (Loaded) return;
      load().then(
        (module) => {
          Loaded = module.default;
          setReady(true);
        },
        () => setFailed(true),
      );
    }, []);
    if (Loaded) return <Loaded {...props} />;
    if (!failed) return <Spinner />;
    return (
      <div class="note bad" role="alert">
        <p>{t('problem.code')}</p>
        <Button onClick={() => location.reload()}>{t('action.reload')}</Button>
      </div>
    );
  };
}
