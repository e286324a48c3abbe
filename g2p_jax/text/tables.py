"""What abbreviations, units and signs stand for."""

import re


def _table(text: str) -> dict[str, str]:
    """Returns the entries `key words` of a text, which semicolons separate."""
    entries = (entry.split(maxsplit=1) for entry in text.split(";"))
    return {key: words.strip() for key, words in entries}


# Followed by a period. The sets after it have those that are so only before or after what they say.
ABBREVIATIONS = _table(
    "mr mister; mrs missus; ms ms; dr doctor; prof professor; rev reverend; hon honorable; "
    "gen general; sen senator; rep representative; gov governor; pres president; capt captain; "
    "cmdr commander; col colonel; maj major; lt lieutenant; sgt sergeant; cpl corporal; "
    "pvt private; adm admiral; jr junior; sr senior; st saint; mt mount; ft fort; ave avenue; "
    "blvd boulevard; rd road; hwy highway; apt apartment; inc incorporated; ltd limited; "
    "co company; corp corporation; bros brothers; dept department; univ university; "
    "assn association; etc et cetera; vs versus; approx approximately; est established; ca circa; "
    "cf compare; al al; no number; nos numbers; vol volume; vols volumes; fig figure; "
    "figs figures; eq equation; sec section; ch chapter; pp pages; p page; ed edition; "
    "ext extension; tel telephone; misc miscellaneous; pts points; "
    "esq esquire; govt government; jan january; "
    "feb february; mar march; apr april; jun june; jul july; aug august; sep september; "
    "sept september; doz dozen; oct october; nov november; dec december; mon monday; tue tuesday; "
    "tues tuesday; wed wednesday; thu thursday; thurs thursday; fri friday; sat saturday; "
    "sun sunday; calif california"
)
BEFORE_A_NUMBER = set(
    "no nos vol vols fig figs eq sec ch pp p ext tel est ca mar sun sat wed apt".split()
)
BEFORE_A_NAME = set("hon gen sen rep gov pres col maj lt rev mt ft".split())
AFTER_A_NAME = set("ave rd ed".split())
IN_CAPITALS = set("co".split())
MONTHS = (
    "january february march april may june july august september october november december"
).split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
WITHOUT_PERIOD = _table(  # case as written
    "Mr mister; Mrs missus; Ms ms; Dr doctor; Prof professor; St saint; Jr junior; Sr senior; "
    "Ltd limited; Blvd boulevard; Ave avenue; Rd road; Hwy highway; Apt apartment; "
    "vs versus; PhD P H D; PhDs P H D's; omg O M G; imo I M O; idk I D K; "
    "fyi F Y I; irl I R L; MSc M S C; BSc B S C; "
    "w/ with; w/o without; b/c because; c/o care of"
)

_INITIALS = re.compile(r"([A-Za-z]\.){2,}|[A-Z]+(&[A-Z]+)+")


def is_abbreviation(word: str) -> bool:
    """Returns whether a word that stands alone is an abbreviation: Dr., vs, i.e., AT&T."""
    short = word.endswith(".") and word[:-1].lower() in ABBREVIATIONS
    return short or word in WITHOUT_PERIOD or _INITIALS.fullmatch(word) is not None


UNITS = _table(  # case matters
    "tbsp tablespoon; tsp teaspoon; gal gallon; pt pint; qt quart; sq square; "
    "Tbsp tablespoon; Tsp teaspoon; doz dozen; fps frame per second; "
    "km kilometer; m meter; cm centimeter; mm millimeter; kg kilogram; g gram; mg milligram; "
    "lb pound; lbs pound; oz ounce; ft foot; in inch; yd yard; yds yard; mi mile; "
    "µm micrometer; µg microgram; µs microsecond; tsps teaspoon; tbsps tablespoon; kgs kilogram; "
    "mo month; yr year; yrs year; wk week; "
    "mph mile per hour; kph kilometer per hour; kmh kilometer per hour; s² second squared; "
    "ft² square foot; L liter; l liter; ml milliliter; mL milliliter; KB kilobyte; "
    "kB kilobyte; MB megabyte; GB gigabyte; TB terabyte; Mbps megabit per second; "
    "Gbps gigabit per second; Hz hertz; kHz kilohertz; MHz megahertz; GHz gigahertz; W watt; "
    "kW kilowatt; MW megawatt; GW gigawatt; kWh kilowatt hour; V volt; mAh milliamp hour; "
    "° degree; °C degree celsius; °F degree fahrenheit; s second; sec second; secs second; "
    "ms millisecond; min minute; mins minute; h hour; hr hour; hrs hour; ha hectare; "
    "km² square kilometer; m² square meter; m³ cubic meter; cm² square centimeter; "
    "cm³ cubic centimeter; kcal kilocalorie; dB decibel; px pixel; rpm revolution per minute; "
    "mpg mile per gallon; psi pound per square inch; % percent; ‰ per mille; ¢ cent; x times"
)
EACH = "day week month year night hour minute second person".split()  # after a slash: $20/month
ATTACHED = set("in x L V W".split())  # units only if no space is before them
UNITS_WITH_PERIOD = set(
    "sq oz lb lbs ft hr hrs min mins sec mi yd in tsp tbsp tsps tbsps Tbsp Tsp".split()
)
PLURALS = {"foot": "feet", "inch": "inches", "penny": "pence"}
ONE_FORM = set(
    "dozen square mille hertz kilohertz megahertz gigahertz percent times yen won".split()
)

CURRENCY = _table(
    "$ dollar; ¢ cent; £ pound; € euro; ¥ yen; ₹ rupee; ₩ won; ₽ ruble; ₪ shekel; ₺ lira"
)
MAGNITUDES = _table(
    "k thousand; K thousand; m million; M million; mn million; b billion; B billion; bn billion; "
    "tn trillion; T trillion"
)
SCALES = set("hundred thousand million billion trillion".split())

SIGNS = _table(
    "& and; && and; + plus; ++ plus plus; = equals; == equals; @ at; % percent; "
    "× times; ÷ divided by; ± plus or minus; ≈ approximately; ≠ not equal to; "
    "≤ less than or equal to; ≥ greater than or equal to; ° degrees; °C degrees celsius; "
    "°F degrees fahrenheit; § section; © copyright; ® registered; ™ trademark; № number; "
    "$ dollars; £ pounds; € euros; ¥ yen; ₹ rupees; ₩ won; ₽ rubles; ₪ shekels; ₺ lira; ¢ cents; "
    "‰ per mille; ² squared; ³ cubed"
)
IN_FORMULAS = _table(  # the punctuation of texts
    "< less than; > greater than; <= less than or equal to; >= greater than or equal to; "
    "!= not equal to; ~ about; * times; ** to the; / divided by; - minus; ^ to the; <3 heart"
)
IN_ADDRESSES = _table(
    ". dot; / slash; \\ backslash; : colon; @ at; - dash; _ underscore; ? question mark; & and; "
    "# hashtag; % percent; + plus; = equals; ~ tilde"
)

LETTERS = _table(  # and a prefix that CMUdict reads as in music
    "A EY1; B B IY1; C S IY1; D D IY1; E IY1; F EH1 F; G JH IY1; H EY1 CH; I AY1; J JH EY1; "
    "K K EY1; L EH1 L; M EH1 M; N EH1 N; O OW1; P P IY1; Q K Y UW1; R AA1 R; S EH1 S; T T IY1; "
    "U Y UW1; V V IY1; W D AH1 B AH0 L Y UW0; X EH1 K S; Y W AY1; Z Z IY1; re- R IY1"
)
# In capitals these are letters, and no words, unless the words around them are in capitals, too.
SPELLED = set("US IT LED WHO SAT LAX".split())
# Two letters that are words also in capitals; other pairs are letters.
SHORT_WORDS = set(
    "am an as at be by do go ha he hi if in is it me my no of oh on or so to up us we ow eh".split()
)
# Before a Roman numeral that counts: Chapter IV, vol. II.
COUNTED = set(
    "chapter part act scene volume book phase type stage section article war class level title "
    "appendix figure table episode season unit grade number bowl mark".split()
)
# Where a Roman numeral is an ordinal: Henry the eighth.
MONARCHS = set(
    "henry louis elizabeth george edward charles james william richard john paul pius benedict "
    "philip ivan alexander nicholas frederick leo gregory innocent napoleon wilhelm catherine mary "
    "peter ramses haakon harald carl gustav christian felipe clement urban robert victor francis "
    "otto ferdinand leopold".split()
)
# Begin a sentence in capitals, and are no names.
FUNCTION_WORDS = set("at in on the of to from by near and but for with as is was or".split())
