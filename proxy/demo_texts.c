/*
 * Who works at the company that the demonstration is about, and what they
 * write.  All of it is made up; the addresses are of a domain that never is.
 */
#include "proxy/demo_parts.h"

#include "base/mem.h"

static const char *const engineering_prompts[] = {
    "Why does this query scan the whole table although there is an index on "
    "the column?",
    "Write a unit test for a function that parses RFC 3339 timestamps.",
    "Explain the difference between optimistic and pessimistic locking.",
    "Review this change: it moves retries out of the client into a queue.",
    "What does 'connection reset by peer' mean behind a load balancer?",
    "Turn this shell script into a Makefile target.",
    "Suggest names for a module that joins events of several sources.",
    "How do I profile memory of a long-running Python service?",
    "Draft the release notes: faster search, dark theme, fewer errors at "
    "start.",
    NULL,
};
static const char *const sales_prompts[] = {
    "Draft a friendly follow-up to a customer who asked for a discount.",
    "Summarise these meeting notes in five points and name the next steps.",
    "Make this offer sound less formal, but keep the figures.",
    "What questions should I ask in a first call with a logistics company?",
    "Compare our three price plans in a table for a slide.",
    "Write a short introduction of our company for a trade fair.",
    "Give me ten subject lines for the autumn campaign.",
    NULL,
};
static const char *const finance_prompts[] = {
    "Explain IFRS 16 leases to someone who is new in accounting.",
    "Write an Excel formula that sums by month and skips hidden rows.",
    "Summarise the quarterly report: revenue grew, costs fell, margin is up.",
    "What is the usual structure of a budget request for new machines?",
    "Draft a reminder for an unpaid invoice, polite but firm.",
    "Which figures belong on a one-page dashboard for the board?",
    NULL,
};
static const char *const people_prompts[] = {
    "Write a job advertisement for a warehouse manager, inclusive wording.",
    "Draft an agenda for the first week of a new colleague.",
    "How do I give feedback after a difficult project?",
    "Rewrite our policy on remote work in plain words.",
    "Suggest questions for an interview with a junior accountant.",
    NULL,
};
static const char *const legal_prompts[] = {
    "Explain the difference between a processor and a controller.",
    "Summarise this supply contract: term, notice, liability.",
    "Draft a clause on confidentiality for a pilot project.",
    "Which points are usually negotiated in a data-processing agreement?",
    NULL,
};
static const char *const support_prompts[] = {
    "Write a reply to a customer whose parcel came damaged.",
    "Translate this answer into German and French, keep it short.",
    "Turn these tickets into a list of the five most frequent problems.",
    "How do I explain two-factor login to someone who never used it?",
    "Draft an article for the help pages: how to reset a password.",
    "Make this apology shorter and warmer.",
    NULL,
};

static const char *const engineering_files[] = {
    "architecture.pdf", "trace.json", "screenshot.png", "schema.sql", NULL};
static const char *const sales_files[] = {
    "offer-2026.docx", "meeting-notes.docx", "price-list.xlsx", NULL};
static const char *const finance_files[] = {"forecast-q4.xlsx",
    "invoices-october.csv", "board-report.pdf", "budget.xlsx", NULL};
static const char *const people_files[] = {
    "applications.zip", "policy-remote-work.docx", "org-chart.png", NULL};
static const char *const legal_files[] = {
    "supply-contract.pdf", "dpa-draft.docx", NULL};
static const char *const support_files[] = {
    "tickets.csv", "photo-of-parcel.jpg", "help-article.md", NULL};

const struct demo_department demo_departments[] = {
    {"acme-engineering", DEMO_NODE "gw-1", 60, "10.20.1", engineering_prompts,
        engineering_files},
    {"acme-sales", DEMO_NODE "gw-2", -300, "10.30.2", sales_prompts,
        sales_files},
    {"acme-finance", DEMO_NODE "gw-1", 60, "10.20.3", finance_prompts,
        finance_files},
    {"acme-people", DEMO_NODE "gw-1", 60, "10.20.4", people_prompts,
        people_files},
    {"acme-legal", DEMO_NODE "gw-2", -300, "10.30.5", legal_prompts,
        legal_files},
    {"acme-support", DEMO_NODE "gw-1", 330, "10.40.6", support_prompts,
        support_files},
};

enum { ENGINEERING, SALES, FINANCE, PEOPLE, LEGAL, SUPPORT };

const struct demo_person demo_people[] = {
    {"ana.ruiz", ENGINEERING, 9},
    {"ben.okafor", ENGINEERING, 7},
    {"chloe.martin", ENGINEERING, 6},
    {"dmitri.volkov", ENGINEERING, 8},
    {"elif.yilmaz", ENGINEERING, 4},
    {"felix.wagner", ENGINEERING, 5},
    {"grace.kim", ENGINEERING, 3},
    {"hugo.silva", ENGINEERING, 2},
    {"iris.jansen", SALES, 6},
    {"jack.murphy", SALES, 7},
    {"karen.lopez", SALES, 4},
    {"liam.brooks", SALES, 5},
    {"maya.cohen", SALES, 3},
    {"noah.peters", SALES, 2},
    {"olga.petrova", FINANCE, 5},
    {"paul.moreau", FINANCE, 4},
    {"quinn.baker", FINANCE, 3},
    {"rosa.bianchi", FINANCE, 3},
    {"sven.larsson", PEOPLE, 3},
    {"tara.nolan", PEOPLE, 3},
    {"uma.fischer", PEOPLE, 2},
    {"victor.hale", LEGAL, 3},
    {"wendy.stone", LEGAL, 2},
    {"arjun.mehta", SUPPORT, 7},
    {"bina.rao", SUPPORT, 6},
    {"chandra.iyer", SUPPORT, 5},
    {"deepa.nair", SUPPORT, 4},
    {"esha.gupta", SUPPORT, 4},
};
const size_t demo_people_count = ARRAY_LEN(demo_people);

const struct demo_slip demo_slips[] = {
    {DEMO_CARD, "Please answer this customer: my card @ was charged twice, can "
                "you pay it back?"},
    {DEMO_CARD, "Extract the payment details from this mail: Visa @, valid "
                "until 11/28, order 20931."},
    {DEMO_IBAN, "Write a payment reminder. The amount goes to IBAN @ within 14 "
                "days."},
    {DEMO_IBAN, "Check this list of suppliers for doubles: Meyer Logistik, @."},
    {DEMO_SSN, "Fill in the onboarding form: name Tom Reed, social security "
               "number (SSN) @, starts on Monday."},
    {DEMO_AWS_KEY, "Why does this upload fail?\naws_access_key_id = @\n"
                   "region = eu-west-1"},
    {DEMO_PASSWORD, "This does not connect:\nDB_HOST=db.internal\n"
                    "DB_PASSWORD=@\nWhat is wrong?"},
    {DEMO_PRIVATE_KEY, "nginx says it cannot load the key. What is wrong with "
                       "it?\n@"},
    {DEMO_EMAILS, "Sort these addresses by domain and take out doubles: @"},
    {DEMO_EMAILS, "Write an invitation to the webinar for: @"},
    {DEMO_CODE, "Find the bug in this:\n@"},
    {DEMO_CODE, "Make this faster without changing what it does:\n@"},
};
const size_t demo_slips_count = ARRAY_LEN(demo_slips);

const char *const demo_answers[] = {
    "Here is a draft that you can adapt. I kept it short and left out what the "
    "reader knows already.",
    "There are three points to look at first: what changed, who is affected, "
    "and what happens next.",
    "In short: yes, but it depends on how often the data changes. Measure "
    "before you decide.",
    "Sure. I put the figures into a table and added a line with the totals.",
    "A good way is to begin with the result, then the reasons, then what you "
    "need from the reader.",
    "The usual cause is a timeout that is shorter than the slowest step. Raise "
    "it, and log how long each step takes.",
    "I would leave the second paragraph out; it repeats the first one in other "
    "words.",
    NULL,
};
const char *const demo_models[] = {
    "gpt-5", "gpt-5", "gpt-5", "gpt-5-mini", "gpt-4o", "o3", NULL};
const char *const demo_analysts[] = {
    "sofia.analyst", "marc.analyst", "june.investigator", NULL};
const char *const demo_comments_good[] = {
    "Talked to the user: a mistake, the text was not sent.",
    "Key replaced and the old one revoked.",
    "The data was already public, the user knows the rules now.",
    "Manager informed, training booked.",
    NULL,
};
const char *const demo_comments_false[] = {
    "Test data from the documentation.",
    "An order number that happens to pass the check.",
    "Example addresses of a tutorial.",
    NULL,
};
