#include "inspect/edm_match.h"

enum { CHARACTER_MAX = 4 }; /* bytes */

void edm_matcher_init(struct edm_matcher *m, const struct edm_index *index,
    const struct edm_detector *detectors, size_t count, size_t index_number,
    struct str text, edm_match_fn *on_match, void *owner)
{
    /* Not the rings: they are most of it, and texts are short. */
    m->index = index;
    m->text = text;
    m->on_match = on_match;
    m->owner = owner;
    m->columns = 0;
    m->detector_count = m->reach = m->first = m->count = 0;
    m->open_count = m->work = 0;
    memset(m->near, 0, sizeof m->near);
    for (size_t i = 0; i < count; i++) {
        const struct edm_detector *d = &detectors[i];
        if (d->index != index_number || m->detector_count == EDM_DETECTORS_MAX)
            continue;
        m->detectors[m->detector_count].rule = d;
        m->detectors[m->detector_count++].number = i;
        m->columns |= d->columns;
        if (d->within * CHARACTER_MAX > m->reach)
            m->reach = d->within * CHARACTER_MAX;
    }
}

static const struct edm_hit *hit_at(const struct edm_matcher *m, size_t i)
{
    return &m->hits[(m->first + i) % EDM_HITS];
}

static bool is_near(
    const struct edm_matcher *m, size_t from, size_t to, size_t within)
{
    if (to <= from || to - from <= within)
        return true;
    if (to - from > within * CHARACTER_MAX)
        return false;
    size_t characters = 0;
    for (size_t i = from; i < to; i++)
        characters += ((unsigned char)m->text.p[i] & 0xc0) != 0x80;
    return characters <= within;
}

/* ---- a match while it grows ---- */

static void put_cell(
    struct edm_match *match, unsigned column, const struct edm_hit *hit)
{
    match->columns |= UINT64_C(1) << column;
    match->cells[column].start = hit->start;
    match->cells[column].end = hit->end;
    if (hit->start < match->start)
        match->start = hit->start;
    if (hit->end > match->end)
        match->end = hit->end;
}

/* The same bytes are no two cells: "Paris", a first name and a town.  A longer
 * value takes the place of one inside it: an address of mail, a name. */
static bool make_room(struct edm_match *match, const struct edm_hit *hit)
{
    uint64_t inside = 0;
    for (unsigned c = 0; c < EDM_COLUMNS_MAX; c++) {
        size_t start = match->cells[c].start, end = match->cells[c].end;
        if ((match->columns >> c & 1) == 0 || start >= hit->end ||
            hit->start >= end)
            continue;
        if (inside != 0 || start < hit->start || end > hit->end ||
            end - start == hit->end - hit->start)
            return false;
        inside = UINT64_C(1) << c;
    }
    match->columns &= ~inside;
    return true;
}

static const uint32_t *cells_of(const struct edm_matcher *m, uint32_t row)
{
    return m->index->rows + (size_t)row * m->index->head->columns;
}

/* The first column that asks for the value and has none yet, or none. */
static unsigned free_column(const struct edm_matcher *m, uint64_t columns,
    uint64_t taken, uint32_t row, uint32_t id)
{
    const uint32_t *cells = cells_of(m, row);
    for (unsigned c = 0; c < m->index->head->columns; c++)
        if (cells[c] == id && (columns & ~taken) >> c & 1)
            return c;
    return EDM_COLUMNS_MAX;
}

static bool take_hit(const struct edm_matcher *m,
    const struct edm_detector *rule, struct edm_match *match,
    const struct edm_hit *hit)
{
    unsigned column =
        free_column(m, rule->columns, match->columns, match->row, hit->id);
    if (column == EDM_COLUMNS_MAX || !make_room(match, hit))
        return false;
    put_cell(match, column, hit);
    return true;
}

static unsigned count_columns(const struct edm_match *match)
{
    return (unsigned)__builtin_popcountll(match->columns);
}

/* The values found that are the row's, as bits. */
static uint64_t hits_of(
    const struct edm_matcher *m, const struct edm_detector *rule, uint32_t row)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < m->count; i++)
        if (free_column(m, rule->columns, 0, row, hit_at(m, i)->id) !=
            EDM_COLUMNS_MAX)
            bits |= UINT64_C(1) << i;
    return bits;
}

/* Cells out of the values that are near; of two over the same bytes the one
 * that is asked first: the later, or the longer. */
static void collect(const struct edm_matcher *m,
    const struct edm_detector *rule, bool is_by_length, struct edm_match *match)
{
    const struct edm_hit *last = hit_at(m, m->count - 1);
    uint64_t left = hits_of(m, rule, match->row);
    bool is_rare = false;
    match->columns = 0;
    match->start = SIZE_MAX;
    match->end = 0;
    while (left != 0) {
        size_t best = 63 - (size_t)__builtin_clzll(left);
        for (size_t i = 0; is_by_length && i < m->count; i++)
            if ((left >> i & 1) != 0 &&
                hit_at(m, i)->end - hit_at(m, i)->start >
                    hit_at(m, best)->end - hit_at(m, best)->start)
                best = i;
        const struct edm_hit *hit = hit_at(m, best);
        left &= ~(UINT64_C(1) << best);
        if (is_near(m, hit->start, last->end, rule->within) &&
            take_hit(m, rule, match, hit))
            is_rare = is_rare || hit->is_rare;
    }
    if (!is_rare)
        match->columns = 0;
}

static bool is_enough(
    const struct edm_detector *rule, const struct edm_match *match)
{
    return count_columns(match) >= rule->match &&
           (match->columns & rule->always) == rule->always;
}

/* ---- open matches ---- */

static void tell(struct edm_matcher *m, size_t i)
{
    m->on_match(m->owner, &m->open[i]);
    memmove(&m->open[i], &m->open[i + 1],
        (m->open_count - i - 1) * sizeof *m->open);
    m->open_count--;
}

void edm_matcher_tell(struct edm_matcher *m, size_t at)
{
    for (size_t i = 0; i < m->open_count;) {
        if (at > m->open[i].end && at - m->open[i].end > m->reach)
            tell(m, i);
        else
            i++;
    }
}

static struct edm_match *find_open(
    struct edm_matcher *m, size_t detector, uint32_t row)
{
    for (size_t i = 0; i < m->open_count; i++)
        if (m->open[i].row == row && m->open[i].detector == detector)
            return &m->open[i];
    return NULL;
}

/* Another row with the very same values says nothing new. */
static bool is_told(const struct edm_matcher *m, const struct edm_match *match)
{
    for (size_t i = 0; i < m->open_count; i++)
        if (m->open[i].detector == match->detector &&
            m->open[i].start <= match->start && m->open[i].end >= match->end &&
            (m->open[i].columns & match->columns) == match->columns)
            return true;
    return false;
}

static void open_match(struct edm_matcher *m, const struct edm_match *match)
{
    if (is_told(m, match))
        return;
    if (m->open_count == EDM_OPEN_MAX)
        tell(m, 0);
    m->open[m->open_count++] = *match;
}

/* ---- rows ---- */

/* Most rows that a value leads to have nothing else here. */
static bool may_be_enough(
    const struct edm_matcher *m, const struct edm_detector *rule, uint32_t row)
{
    const uint32_t *cells = cells_of(m, row);
    unsigned count = 0;
    for (unsigned c = 0; c < m->index->head->columns; c++)
        count += (rule->columns >> c & 1) != 0 && cells[c] != EDM_NO_VALUE &&
                 m->near[cells[c] % EDM_NEAR] != 0;
    return count >= rule->match;
}

static void judge_row(struct edm_matcher *m, size_t d, uint32_t row)
{
    const struct edm_detector *rule = m->detectors[d].rule;
    const struct edm_hit *hit = hit_at(m, m->count - 1);
    size_t number = m->detectors[d].number;
    struct edm_match found;
    if (!may_be_enough(m, rule, row) ||
        free_column(m, rule->columns, 0, row, hit->id) == EDM_COLUMNS_MAX)
        return; /* not a column of its */
    struct edm_match *old = find_open(m, number, row);
    if (old != NULL && is_near(m, old->end, hit->end, rule->within)) {
        (void)take_hit(m, rule, old, hit);
        return;
    }
    found = (struct edm_match){.detector = number, .row = row};
    collect(m, rule, false, &found);
    if (!is_enough(rule, &found))
        collect(m, rule, true, &found);
    if (is_enough(rule, &found))
        open_match(m, &found);
}

static bool has_value(const struct edm_matcher *m, uint32_t row, uint32_t id)
{
    const uint32_t *cells = cells_of(m, row);
    for (uint32_t c = 0; c < m->index->head->columns; c++)
        if (cells[c] == id)
            return true;
    return false;
}

/* The rows that one value leads to, if they have the last one too. */
static void judge_rows(
    struct edm_matcher *m, const struct edm_hit *from, uint32_t id)
{
    struct edm_rows rows;
    if (!edm_rows_of(m->index, from->id, &rows))
        return;
    m->work += rows.count;
    for (size_t i = 0; i < rows.count; i++) {
        uint32_t row = rows.items != NULL ? rows.items[i] : rows.one;
        if (row >= m->index->head->rows || !has_value(m, row, id))
            continue;
        for (size_t d = 0; d < m->detector_count; d++)
            judge_row(m, d, row);
    }
}

static void drop_far(struct edm_matcher *m, size_t end)
{
    while (m->count > 0 &&
           (m->count == EDM_HITS ||
               (end > m->reach && hit_at(m, 0)->start < end - m->reach))) {
        m->near[hit_at(m, 0)->id % EDM_NEAR]--;
        m->first = (m->first + 1) % EDM_HITS;
        m->count--;
    }
}

/* Whether the values that are near stand in enough columns for anyone: most
 * are by themselves, and no row need be looked at. */
static bool has_company(const struct edm_matcher *m)
{
    uint64_t columns = 0;
    for (size_t i = 0; i < m->count; i++)
        columns |= hit_at(m, i)->columns;
    for (size_t d = 0; d < m->detector_count; d++) {
        const struct edm_detector *rule = m->detectors[d].rule;
        if ((unsigned)__builtin_popcountll(columns & rule->columns) >=
            rule->match)
            return true;
    }
    return false;
}

void edm_matcher_add(
    struct edm_matcher *m, size_t start, size_t end, uint32_t id)
{
    struct edm_rows rows;
    struct edm_hit hit = {.start = start,
        .end = end,
        .id = id,
        .columns = m->index->masks[id],
        .is_rare = edm_rows_of(m->index, id, &rows)};
    if ((hit.columns & m->columns) == 0)
        return;
    edm_matcher_tell(m, start);
    drop_far(m, end);
    m->hits[(m->first + m->count++) % EDM_HITS] = hit;
    m->near[id % EDM_NEAR]++;
    if (!has_company(m))
        return;
    if (hit.is_rare) {
        judge_rows(m, &hit, id);
        return;
    }
    for (size_t i = 0; i + 1 < m->count; i++)
        if (hit_at(m, i)->is_rare)
            judge_rows(m, hit_at(m, i), id);
}
