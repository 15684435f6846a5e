// SPDX-License-Identifier: Apache-2.0

export const verdict = {
  'verdict.meter_silent':
    'Unité {unit} : sans réponse, d’autres sur la ligne répondent. Vérifiez adresse, fils et alimentation.',
  'verdict.meter_silent_serial':
    'Unité {unit} : sans réponse. Vérifiez adresse, inversion de A et B, vitesse et parité, adaptateur et alimentation.',
  'verdict.meter_silent_tcp':
    'Unité {unit} : sans réponse. Vérifiez l’adresse et ce qui se trouve derrière la passerelle là-bas.',
  'verdict.meter_silent_all': 'Unité {unit} : sans réponse, comme toutes les unités de la ligne.',
  'verdict.meter_garbled':
    'Unité {unit} : toutes les réponses sont illisibles, celles d’autres non. Deux compteurs à cette adresse, sa vitesse ou parité, ou son câblage.',
  'verdict.meter_garbled_all':
    'Unité {unit} : toutes les réponses sont illisibles, comme sur toute la ligne. Vérifiez vitesse, parité et polarité.',
  'verdict.meter_refuses':
    'Unité {unit} : refuse tout avec l’exception {exception}. Ce n’est pas le compteur de sa table de registres.',
  'verdict.meter_twice':
    'Unité {unit} : {share} des réponses arrivent deux fois. Le compteur ou un convertisseur les répète, ou deux ' +
    'compteurs ont cette adresse.',
  'verdict.meter_late':
    'Unité {unit} : {count} réponses sont arrivées après le délai de {timeout}. Le délai est trop court.',
  'verdict.meter_block_silent':
    'Unité {unit} : aucune réponse aux registres {first} à {last} (fonction {function}), les autres répondent. Retirez-les de la table de registres.',
  'verdict.meter_block_garbled':
    'Unité {unit} : aucune réponse utilisable aux registres {first} à {last} (fonction {function}), les autres répondent. Retirez-les de la table de registres.',
  'verdict.meter_crc':
    'Unité {unit} : {share} d’erreurs de contrôle, sur ce compteur seul. Vérifiez son câblage et la terminaison.',
  'verdict.meter_crc_some':
    'Unité {unit} : {share} d’erreurs de contrôle, comme {count} compteurs sur {of}. Vérifiez la partie du câble qu’ils partagent.',
  'verdict.meter_crc_all': 'Unité {unit} : {share} d’erreurs de contrôle, comme toute la ligne.',
  'verdict.meter_crc_alone':
    'Unité {unit} : {share} d’erreurs de contrôle. Vérifiez câblage, terminaison, polarisation et vitesse de la ligne.',
  'verdict.meter_losses':
    'Unité {unit} : {share} des requêtes restent sans réponse, sur ce compteur seul. Un faux contact, ou il est interrogé trop vite.',
  'verdict.meter_losses_all':
    'Unité {unit} : {share} des requêtes restent sans réponse, comme sur toute la ligne.',
  'verdict.meter_foreign':
    'Unité {unit} : un autre répond à {share} des requêtes. Deux maîtres, ou un compteur qui donne une mauvaise adresse.',
  'verdict.meter_narrowed':
    'Unité {unit} : n’a pas {count} points de sa table de registres (exception {exception}). Autre modèle ou version.',
  'verdict.meter_exceptions': 'Unité {unit} : refuse {share} des requêtes (exception {exception}).',
  'verdict.meter_slow':
    'Unité {unit} : les réponses prennent {mean} sur les {timeout} attendues. Le délai est trop court.',
  'verdict.line_silent':
    'Aucune des {of} unités ne répond. Vérifiez l’adaptateur, l’inversion de A et B, vitesse et parité.',
  'verdict.line_silent_tcp':
    'Aucune des {of} unités ne répond. Vérifiez ce qui est derrière la passerelle là-bas, et ses réglages.',
  'verdict.line_garbled':
    'Toutes les réponses sont illisibles. Vérifiez vitesse et parité, et l’inversion de A et B.',
  'verdict.line_masters':
    'Un autre maître interroge sur cette ligne, {count} requêtes récemment. Une ligne n’admet qu’un maître.',
  'verdict.line_crc':
    '{share} d’erreurs de contrôle sur {count} compteurs sur {of}. Vérifiez terminaison, polarité, polarisation et vitesse de la ligne.',
  'verdict.line_crc_some':
    'Erreurs de contrôle sur {count} compteurs sur {of} et pas sur les autres. Vérifiez la partie du câble qu’ils partagent.',
  'verdict.line_losses':
    '{share} des requêtes restent sans réponse, sur {count} compteurs sur {of}. L’adaptateur, un fil desserré ou des perturbations.',
  'verdict.line_foreign':
    '{count} réponses que personne n’attendait. Deux maîtres, ou des compteurs qui répondent pour d’autres.',
  'verdict.line_overload':
    'On demande {demand} fois ce que la ligne peut porter. Choisissez des périodes plus longues, moins de valeurs ou une vitesse plus élevée.',
  'verdict.line_noise':
    '{count} bruits entre les trames. Vérifiez polarisation, blindage et perturbations.',
  'verdict.line_echo':
    'L’adaptateur renvoie ce qui est émis. C’est sans danger ; son écho peut être désactivé.',
};
