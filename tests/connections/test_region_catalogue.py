import csv
from pathlib import Path

import pytest

from connections import catalogue
from connections.models import Provider, Region

ROWS = list(csv.DictReader(Path(catalogue.__file__).with_name("regions.csv").read_text("utf-8").splitlines()))

KNOWN = {
    "aws-us-east-1": ("Ashburn", 39.04, -77.49),
    "aws-us-east-2": ("Columbus", 39.96, -83.0),
    "aws-us-west-2": ("Boardman", 45.84, -119.7),
    "aws-eu-west-1": ("Dublin", 53.35, -6.26),
    "aws-eu-west-2": ("London", 51.51, -0.13),
    "aws-eu-central-1": ("Frankfurt", 50.11, 8.68),
    "aws-eu-north-1": ("Stockholm", 59.33, 18.07),
    "aws-ap-southeast-1": ("Singapore", 1.35, 103.82),
    "aws-ap-southeast-2": ("Sydney", -33.87, 151.21),
    "aws-ap-northeast-1": ("Tokyo", 35.68, 139.69),
    "aws-ap-northeast-2": ("Seoul", 37.57, 126.98),
    "aws-ap-northeast-3": ("Osaka", 34.69, 135.5),
    "aws-ap-south-1": ("Mumbai", 19.08, 72.88),
    "aws-sa-east-1": ("São Paulo", -23.55, -46.63),
    "aws-af-south-1": ("Cape Town", -33.92, 18.42),
    "aws-ca-central-1": ("Montréal", 45.5, -73.57),
    "google-us-central1": ("Council Bluffs", 41.26, -95.86),
    "google-us-east1": ("Moncks Corner", 33.2, -80.01),
    "google-europe-west1": ("Saint-Ghislain", 50.45, 3.82),
    "google-europe-west4": ("Eemshaven", 53.44, 6.83),
    "google-europe-north1": ("Hamina", 60.57, 27.2),
    "google-asia-east1": ("Changhua", 24.08, 120.54),
    "google-southamerica-west1": ("Santiago", -33.45, -70.67),
    "azure-westeurope": ("Amsterdam", 52.37, 4.9),
    "azure-northeurope": ("Dublin", 53.35, -6.26),
    "azure-centralindia": ("Pune", 18.52, 73.86),
    "azure-swedencentral": ("Gävle", 60.67, 17.14),
    "do-nyc": ("New York", 40.71, -74.01),
    "do-blr": ("Bengaluru", 12.97, 77.59),
    "upcloud-fi-hel": ("Helsinki", 60.17, 24.94),
    "upcloud-us-chi": ("Chicago", 41.88, -87.63),
}

# South, north, west, east of each country, generously.
COUNTRIES = {
    "AE": (22, 27, 51, 57), "AT": (46, 49, 9, 18), "AU": (-44, -10, 112, 154), "BE": (49, 52, 2, 7),
    "BH": (25, 27, 50, 51), "BR": (-34, 6, -74, -34), "CA": (41, 72, -141, -52), "CH": (45, 48, 5, 11),
    "CL": (-56, -17, -76, -66), "CN": (18, 54, 73, 135), "DE": (47, 56, 5, 16), "DK": (54, 58, 8, 16),
    "ES": (36, 44, -10, 5), "FI": (59, 71, 20, 32), "FR": (41, 52, -6, 10), "GB": (49, 61, -9, 2),
    "HK": (22, 23, 113, 115), "ID": (-11, 6, 95, 141), "IE": (51, 56, -11, -5), "IL": (29, 34, 34, 36),
    "IN": (6, 36, 68, 98), "IT": (35, 48, 6, 19), "JP": (24, 46, 122, 146), "KR": (33, 39, 125, 130),
    "MX": (14, 33, -118, -86), "MY": (0, 8, 99, 120), "NL": (50, 54, 3, 8), "NO": (57, 72, 4, 32),
    "NZ": (-48, -34, 166, 179), "PL": (49, 55, 14, 25), "QA": (24, 27, 50, 52), "SA": (16, 33, 34, 56),
    "SE": (55, 70, 10, 25), "SG": (1, 2, 103, 105), "TH": (5, 21, 97, 106), "TW": (21, 26, 119, 123),
    "US": (24, 50, -125, -66), "ZA": (-35, -22, 16, 33),
}  # fmt: skip


def test_codes_are_unique_and_belong_to_their_provider():
    codes = [row["code"] for row in ROWS]
    assert len(set(codes)) == len(codes) >= 160
    prefixes = {
        "aws": "aws-",
        "google": "google-",
        "azure": "azure-",
        "digitalocean": "do-",
        "upcloud": "upcloud-",
    }
    assert all(row["code"].startswith(prefixes[row["provider"]]) for row in ROWS)
    assert {row["provider"] for row in ROWS} <= set(Provider.values)


@pytest.mark.parametrize("code", KNOWN)
def test_well_known_regions_are_in_their_true_city(code):
    [row] = [row for row in ROWS if row["code"] == code]
    assert (row["city"], float(row["latitude"]), float(row["longitude"])) == KNOWN[code]


def test_every_region_lies_within_its_country():
    for row in ROWS:
        south, north, west, east = COUNTRIES[row["country"]]
        assert south <= float(row["latitude"]) <= north, row
        assert west <= float(row["longitude"]) <= east, row


def test_a_city_has_one_place_and_a_place_one_city():
    places = {(row["city"], row["country"], row["latitude"], row["longitude"]) for row in ROWS}
    assert len({(city, country) for city, country, _, _ in places}) == len(places)
    assert len({(latitude, longitude) for _, _, latitude, longitude in places}) == len(places)


def test_loading_adds_corrects_and_keeps_what_people_added(db):
    Region.objects.create(
        code="cellar", name="Cellar", city="Graz", country="AT", latitude=47.07, longitude=15.44
    )
    Region.objects.create(
        code="aws-eu-west-1", name="?", city="Atlantis", country="IE", latitude=0, longitude=0
    )
    assert catalogue.load_regions() == len(ROWS)
    first = dict(Region.objects.values_list("code", "pk"))
    catalogue.load_regions()
    assert dict(Region.objects.values_list("code", "pk")) == first
    assert Region.objects.get(code="aws-eu-west-1").city == "Dublin"
    assert Region.objects.get(code="cellar").city == "Graz"
    assert len(first) == len(ROWS) + 1
