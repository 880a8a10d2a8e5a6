"""What the charts of the health world are drawn from: keys of names, and medicines with their usual doses.

The names themselves stand in the phrasebooks, under the same keys in every language.
"""

from __future__ import annotations

from typing import NamedTuple


def _keys(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN_F = _keys(
    "ada agnes alma beatrice clara cora delia dora edith elsie fiona greta hazel ida irene johanna leona lydia "
    "mabel maud nora olive petra rosa ruth sylvia thea vera"
)
GIVEN_M = _keys(
    "albin anton arthur basil cedric clemens conrad cyril edgar edwin emil felix gilbert harold hugo ivo jasper "
    "julian leo magnus martin oscar owen ralph rupert silas victor walter"
)
FAMILIES = _keys(
    "ablewick arnesby ashcombe averill balmforth barrowe bellgrave birkwood brackley brindlow calloway carfax "
    "coldstone corwell crosswick dallimore danforth denbrook dunmere easterby eldridge elmstead fallowell farnaby "
    "fenwood garrick gilmore graylock hadlow halbrook harkwell hexley holloway ingleby jessamy keldon kestrel "
    "kingsley landry larkham lindale lovelace marwood merriden netherby norcott oakshott pemberly penrose quenby "
    "radcott redfern rosedale saltmarsh selwick stanmore tollack underhill vantage wakeling westbury winslade "
    "woodrow yardley"
)
NEIGHBOURS = _keys(
    "applin bexley cordell draycott enderby foxley goring hollis ivers jarrold kember latimer moxon nesbit osgood "
    "pryor quill rudge sorrel tarrant"
)
DOCTORS = _keys(
    "abara adeyemi bellini castell dvorak eklund farouk grieve haddad iversen jansen kowal lindqvist mendes "
    "nakano okafor petrov quist rahman santos tanaka ulrich varga weiss"
)
HOSPITALS = _keys("alderwick brookhaven copperfield eastmoor lakeside millbridge northgate stonebury")
WARDS = _keys("aspen bluebell cedar foxglove hawthorn heather juniper larkspur linden maple primrose rowan")
RELATIVES = ("brother", "sister", "cousin", "half_brother", "half_sister")
"""Relatives whose blood group and allergies follow in no way from the patient's own; a parent's or child's would."""
MOMENTS = ("morning_round", "midday_check", "evening_round", "bedtime_check")
REACTIONS = ("red_blotches", "hives", "swollen_lips", "itching", "wheezing")

GROUPS = ("O+", "O-", "A+", "A-", "B+", "B-", "AB+", "AB-")
ALLERGENS = (*_keys("penicillin latex peanuts aspirin codeine shellfish iodine eggs ibuprofen"), "sulfa drugs")
CROSS_REACTIVE = frozenset({"aspirin", "ibuprofen"})
"""Whoever reacts to one of these may react to the other, so no chart calls one an allergy and the other tolerated."""


class Medicine(NamedTuple):
    """How a medicine is usually given."""

    group: str
    """Medicines of one group are not prescribed together."""
    often: str
    """Key of the usual frequency."""
    strengths: str
    """Usual single doses, separated by commas."""

    @property
    def doses(self) -> list[str]:
        """The usual single doses in canonical form."""
        return [dose.strip() for dose in self.strengths.split(",")]


REGULAR = {
    "amitriptyline": Medicine("mood", "at_night", "10 mg, 25 mg, 50 mg, 75 mg"),
    "atorvastatin": Medicine("statin", "at_night", "10 mg, 20 mg, 40 mg, 80 mg"),
    "baclofen": Medicine("nerve", "three_times", "5 mg, 10 mg, 15 mg, 20 mg, 25 mg"),
    "bisoprolol": Medicine("beta", "morning", "1.25 mg, 2.5 mg, 3.75 mg, 5 mg, 7.5 mg, 10 mg"),
    "carbimazole": Medicine("thyroid", "morning", "5 mg, 10 mg, 15 mg, 20 mg, 40 mg"),
    "dexamethasone": Medicine("steroid", "morning", "2 mg, 4 mg, 6 mg, 8 mg"),
    "digoxin": Medicine("digitalis", "morning", "62.5 mcg, 125 mcg, 187.5 mcg, 250 mcg"),
    "enoxaparin": Medicine("clotting", "evening", "20 mg, 40 mg, 60 mg, 80 mg"),
    "fluticasone": Medicine("inhaled", "twice", "50 mcg, 100 mcg, 125 mcg, 250 mcg, 500 mcg"),
    "gabapentin": Medicine("nerve", "three_times", "100 mg, 200 mg, 300 mg, 400 mg, 600 mg"),
    "hydrocortisone": Medicine("steroid", "morning", "5 mg, 10 mg, 15 mg, 20 mg"),
    "labetalol": Medicine("beta", "twice", "50 mg, 100 mg, 200 mg, 400 mg"),
    "lactulose": Medicine("bowel", "twice", "10 ml, 15 ml, 20 ml, 30 ml"),
    "levetiracetam": Medicine("seizure", "twice", "250 mg, 500 mg, 750 mg, 1000 mg, 1500 mg"),
    "levothyroxine": Medicine("thyroid", "morning", "25 mcg, 50 mcg, 75 mcg, 100 mcg, 125 mcg, 150 mcg"),
    "lisinopril": Medicine("kidney", "morning", "5 mg, 10 mg, 20 mg, 40 mg"),
    "losartan": Medicine("kidney", "morning", "25 mg, 50 mg, 75 mg, 100 mg"),
    "metformin": Medicine("sugar", "twice", "500 mg, 750 mg, 850 mg, 1000 mg"),
    "metoprolol": Medicine("beta", "twice", "25 mg, 50 mg, 75 mg, 100 mg"),
    "mirtazapine": Medicine("mood", "at_night", "7.5 mg, 15 mg, 30 mg, 45 mg"),
    "omeprazole": Medicine("stomach", "morning", "10 mg, 20 mg, 40 mg, 60 mg"),
    "piracetam": Medicine("seizure", "three_times", "800 mg, 1.2 g, 1.6 g, 2.4 g"),
    "prednisolone": Medicine("steroid", "morning", "5 mg, 10 mg, 15 mg, 20 mg, 30 mg, 40 mg"),
    "pregabalin": Medicine("nerve", "twice", "50 mg, 75 mg, 100 mg, 150 mg, 200 mg, 300 mg"),
    "quetiapine": Medicine("mood", "at_night", "25 mg, 50 mg, 100 mg, 150 mg, 200 mg, 300 mg"),
    "ramipril": Medicine("kidney", "evening", "1.25 mg, 2.5 mg, 5 mg, 7.5 mg, 10 mg"),
    "rosuvastatin": Medicine("statin", "at_night", "5 mg, 10 mg, 20 mg, 40 mg"),
    "sertraline": Medicine("mood", "morning", "50 mg, 75 mg, 100 mg, 150 mg, 200 mg"),
    "sevelamer": Medicine("phosphate", "three_times", "800 mg, 1.6 g, 2.4 g, 3.2 g"),
    "thiamine": Medicine("vitamin", "twice", "50 mg, 100 mg, 200 mg, 300 mg"),
    "vancomycin": Medicine("infection", "twice", "750 mg, 1.25 g, 1.5 g, 2 g"),
}
"""Medicines given every day; none of them is an allergen of ours or a relative of one."""
AS_NEEDED = {
    "paracetamol": Medicine("pain", "as_needed", "500 mg, 650 mg, 1000 mg"),
    "senna": Medicine("bowel", "as_needed", "7.5 mg, 15 mg"),
    "melatonin": Medicine("mood", "as_needed", "2 mg, 3 mg"),
    "simeticone": Medicine("gas", "as_needed", "40 mg, 80 mg, 125 mg"),
    "sodium_alginate": Medicine("stomach", "as_needed", "5 ml, 10 ml"),
    "cyclizine": Medicine("nausea", "as_needed", "25 mg, 50 mg"),
}
DRINKS = ("120 ml", "180 ml", "240 ml", "350 ml")
"""What a patient drank: volumes that no medicine here comes in."""
