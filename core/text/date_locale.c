/* SPDX-License-Identifier: Apache-2.0 */
/* Names of months and weekdays: long | short as Unicode CLDR has them | shorter ones that older
 * Java versions wrote. A dot at the end of a short form may be missing in a date. */
#include "core/text/date_pattern.h"

static const struct locale locales[] = {
    {"en",
     {"January|Jan", "February|Feb", "March|Mar", "April|Apr", "May|May", "June|Jun", "July|Jul",
      "August|Aug", "September|Sep", "October|Oct", "November|Nov", "December|Dec"},
     {"Monday|Mon", "Tuesday|Tue", "Wednesday|Wed", "Thursday|Thu", "Friday|Fri", "Saturday|Sat",
      "Sunday|Sun"}},
    {"de",
     {"Januar|Jan.", "Februar|Feb.", "März|März|Mär|Mrz", "April|Apr.", "Mai|Mai", "Juni|Juni|Jun",
      "Juli|Juli|Jul", "August|Aug.", "September|Sept.|Sep", "Oktober|Okt.", "November|Nov.",
      "Dezember|Dez."},
     {"Montag|Mo.", "Dienstag|Di.", "Mittwoch|Mi.", "Donnerstag|Do.", "Freitag|Fr.", "Samstag|Sa.",
      "Sonntag|So."}},
    {"fr",
     {"janvier|janv.", "février|févr.", "mars|mars", "avril|avr.", "mai|mai", "juin|juin",
      "juillet|juil.", "août|août", "septembre|sept.", "octobre|oct.", "novembre|nov.",
      "décembre|déc."},
     {"lundi|lun.", "mardi|mar.", "mercredi|mer.", "jeudi|jeu.", "vendredi|ven.", "samedi|sam.",
      "dimanche|dim."}},
    {"es",
     {"enero|ene.", "febrero|feb.", "marzo|mar.", "abril|abr.", "mayo|may.", "junio|jun.",
      "julio|jul.", "agosto|ago.", "septiembre|sept.|sep", "octubre|oct.", "noviembre|nov.",
      "diciembre|dic."},
     {"lunes|lun.", "martes|mar.", "miércoles|mié.", "jueves|jue.", "viernes|vie.", "sábado|sáb.",
      "domingo|dom."}},
    {"it",
     {"gennaio|gen", "febbraio|feb", "marzo|mar", "aprile|apr", "maggio|mag", "giugno|giu",
      "luglio|lug", "agosto|ago", "settembre|set", "ottobre|ott", "novembre|nov", "dicembre|dic"},
     {"lunedì|lun", "martedì|mar", "mercoledì|mer", "giovedì|gio", "venerdì|ven", "sabato|sab",
      "domenica|dom"}},
    {"pt",
     {"janeiro|jan.", "fevereiro|fev.", "março|mar.", "abril|abr.", "maio|mai.", "junho|jun.",
      "julho|jul.", "agosto|ago.", "setembro|set.", "outubro|out.", "novembro|nov.",
      "dezembro|dez."},
     {"segunda-feira|seg.", "terça-feira|ter.", "quarta-feira|qua.", "quinta-feira|qui.",
      "sexta-feira|sex.", "sábado|sáb.", "domingo|dom."}},
    {"nl",
     {"januari|jan.", "februari|feb.", "maart|mrt.", "april|apr.", "mei|mei", "juni|jun.",
      "juli|jul.", "augustus|aug.", "september|sep.", "oktober|okt.", "november|nov.",
      "december|dec."},
     {"maandag|ma", "dinsdag|di", "woensdag|wo", "donderdag|do", "vrijdag|vr", "zaterdag|za",
      "zondag|zo"}},
};
enum { LOCALE_COUNT = sizeof locales / sizeof locales[0] };

/* Only the language decides: `pt-BR`, `pt_BR.UTF-8` and `PT` are one. */
const struct locale *date_locale(struct str name)
{
    if (name.len < 2 || (name.len > 2 && !memchr("-_.@", name.ptr[2], 4))) return NULL;
    char language[] = {(char)(name.ptr[0] | 0x20), (char)(name.ptr[1] | 0x20), 0};
    for (size_t i = 0; i < LOCALE_COUNT; i++)
        if (strcmp(locales[i].language, language) == 0) return &locales[i];
    return NULL;
}

const struct locale *date_locale_english(void) { return &locales[0]; }

const char *date_locales(void) { return "en, de, fr, es, it, pt, nl"; }
